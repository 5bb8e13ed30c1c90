// A story about the agent machine: what memory, models and tools say, in one word each. Every step writes what is owed first, so
// that the request which is answered stands in the log.
import type { DataOf, Failure, PromptMessage, WorkflowRequested } from '@troupe/contracts';
import { agentMachine } from '../workflows/agent-machine.ts';
import { automation } from '../workflows/automation.ts';
import type { WorkflowDefinition } from '../workflows/define-workflow.ts';
import { Story } from './story.ts';
import { requested } from './turns.ts';

export class AgentStory extends Story {
  constructor(request: WorkflowRequested = requested(), definition: WorkflowDefinition = automation) {
    super(agentMachine(definition), request);
  }

  recalls(...texts: string[]): this {
    const created_at = '2025-12-31T10:00:00.000Z';
    const snippets = texts.map((text) => ({ text, workflow_id: this.workflow, created_at, score: 0.9 }));
    return this.settled().answers('memory.completed', { snippets });
  }

  thinks(turn: DataOf<'llm.completed'>): this {
    return this.settled().answers('llm.completed', turn);
  }

  /** The outcome of the tool call with this id, of the newest turn that made it. */
  tells(call_id: string, text = '{}'): this {
    return this.receives(
      'tool.completed',
      { tool: 'notify_user', call_id, output: { text } },
      this.#callOf(call_id),
    );
  }

  fails(call_id: string, error: Failure, retryable = false): this {
    const data = { tool: 'notify_user', call_id, error, retryable, outcome: 'not_done' } as const;
    return this.receives('tool.failed', data, this.#callOf(call_id));
  }

  /** What the model is asked next. */
  get prompt(): DataOf<'llm.requested'> {
    return this.owes('llm.requested').data;
  }

  #callOf(call_id: string): string {
    this.settled();
    const found = this.requests('tool.requested').findLast(({ data }) => data.call_id === call_id);
    if (found === undefined) throw new Error(`no tool was called with ${call_id}`);
    return found.id;
  }
}

/** The text of a message that holds its text. */
export const textOf = ({ content }: PromptMessage): string =>
  'text' in content ? content.text : content.ref;

/** What an error message to the model says. */
export const errorIn = (message: PromptMessage | undefined): Failure =>
  (JSON.parse(message === undefined ? '{}' : textOf(message)) as { error: Failure }).error;

// The door: what somebody published becomes the first event of a run, a word to one that is going on, or a
// refusal that says why.
import type {
  DataOf,
  EventDraft,
  Failure,
  RunSettings,
  ToolReference,
  WorkflowRequest,
} from '@troupe/contracts';
import { canonicalJson, eventId, hashOf, START, WorkflowId } from '@troupe/contracts';
import type { Append, Delivery, LogReader } from '@troupe/shared';
import { TerminalError } from '@troupe/shared';
import { identityOf, resultOf, UNSPENT } from './core/outline.ts';
import { DOOR } from './core/sources.ts';
import type { Command } from './door-command.ts';
import { parseCommand } from './door-command.ts';
import type { Asked } from './refusal.ts';
import { failureOf } from './refusal.ts';
import type { Runs } from './runs.ts';
import { tellRun } from './tell-run.ts';
import type { WorkflowDefinition } from './workflows/define-workflow.ts';
import type { Registry } from './workflows/registry.ts';

export interface DoorOptions {
  readonly append: Append;
  readonly read: LogReader;
  readonly runs: Runs;
  readonly registry: Registry;
  readonly currentTools: (names: readonly string[]) => Promise<ToolReference[]>;
  readonly enabled: boolean;
  readonly maxTokens: number;
  /** Names the door's stream, so that an id derived from its sequence is never used again by another stream. */
  readonly doorId: string;
}

/** Events that a run's log may hold; the longest sensible run has some hundred. */
const MAX_EVENTS = 10_000;

export class Door {
  readonly #options: DoorOptions;

  constructor(options: DoorOptions) {
    this.#options = options;
  }

  /** Records what was asked. Throws TerminalError where it is refused and no run can say so: it becomes a dead letter. */
  async handle(delivery: Delivery): Promise<void> {
    const parsed = parseCommand(delivery);
    if (!parsed.ok) return this.#refuse(delivery, parsed.refusal, failureOf(parsed.refusal));
    const { command } = parsed;
    switch (command.type) {
      case 'workflow.requested':
        return this.#request(delivery, command);
      case 'workflow.signalled':
      case 'workflow.cancel_requested':
        return tellRun(this.#options.runs, command, {
          id: this.#causeOf(delivery),
          attempt: delivery.attempt,
        });
    }
  }

  async #request(
    delivery: Delivery,
    command: Extract<Command, { type: 'workflow.requested' }>,
  ): Promise<void> {
    const { append, registry } = this.#options;
    const workflow = command.workflow ?? this.#derivedId(delivery);
    const key = { user: command.user, workflow };
    const { correlationId, traceparent } = command;
    const workflowType = command.request.workflow_type;
    const definition = registry.latest(workflowType);
    if (definition === undefined) {
      const asked = { key, workflowType, correlationId, traceparent };
      return this.#refuse(delivery, asked, unknownType(workflowType, registry.types));
    }
    const data = await this.#requested(command.request, definition);
    const draft: EventDraft<'workflow.requested'> = {
      ...key,
      type: 'workflow.requested',
      id: eventId(`${command.user}/${workflow}`, 'requested'),
      source: DOOR,
      correlationId: correlationId ?? workflow,
      causationId: this.#causeOf(delivery),
      workflowType,
      traceparent,
      data,
    };
    const result = await append(draft, { after: START });
    if (result.kind === 'appended') return;
    const [first] = result.tail;
    if (first?.type === 'workflow.requested' && first.data.request_hash === data.request_hash) return;
    throw new TerminalError({
      code: 'workflow_conflict',
      message: `The workflow ${workflow} of ${command.user} was requested before with another body.`,
      hint: 'Use a new workflow_id; the first request stands and its run is not touched.',
    });
  }

  /** Everything that the run will ever ask of its settings, taken now. */
  async #requested(
    request: WorkflowRequest,
    definition: WorkflowDefinition,
  ): Promise<DataOf<'workflow.requested'>> {
    const { goal, workflow_type, preferences, history, deadline_seconds } = request;
    const { enabled, maxTokens, currentTools } = this.#options;
    const settings: RunSettings = {
      enabled,
      definition: { version: definition.version, hash: definition.hash },
      max_iterations: definition.limits.maxIterations,
      max_repairs: definition.limits.maxRepairs,
      recall_k: definition.limits.recallK,
      max_tokens: maxTokens,
      max_events: MAX_EVENTS,
      tools: await currentTools(definition.tools),
    };
    const asked = { goal, workflow_type, preferences, history, deadline_seconds };
    return { ...asked, request_hash: hashOf(JSON.parse(canonicalJson(asked))), settings };
  }

  /** A run that is refused before it begins ends with its first event, where it can be named; else a dead letter says why. */
  async #refuse(delivery: Delivery, asked: Asked, error: Failure): Promise<void> {
    const { key } = asked;
    if (key === undefined) throw new TerminalError(error);
    const id = eventId(this.#causeOf(delivery), 'refused');
    // Looked for before anything is published: a plain subscriber of a run that exists must not see a failure that is not its own.
    const head = await this.#options.read.head(key);
    if (head?.id === id) return;
    if (head !== undefined) throw new TerminalError(error);
    const run = {
      ...key,
      // Of those that there are: whatever else is asked for would make up names of spans and metrics.
      workflowType: this.#options.registry.types.find((type) => type === asked.workflowType) ?? 'unknown',
      correlationId: asked.correlationId ?? key.workflow,
      traceparent: asked.traceparent,
      startedAt: delivery.storedAt,
      ...UNSPENT,
    };
    const draft: EventDraft<'workflow.failed'> = {
      ...identityOf(run),
      type: 'workflow.failed',
      id,
      source: DOOR,
      causationId: this.#causeOf(delivery),
      data: { ...resultOf(run, 'failed', delivery.storedAt), error },
    };
    const result = await this.#options.append(draft, { after: START });
    // The id names a run that exists: what is wrong with this message is not its business.
    if (result.kind === 'conflict') throw new TerminalError(error);
  }

  #causeOf = ({ seq }: Delivery): string => `${this.#options.doorId}/${seq}`;

  /** The same on every redelivery, and never the id of another message. */
  #derivedId = (delivery: Delivery): WorkflowId =>
    WorkflowId.parse(`wf_${eventId(this.#causeOf(delivery), 'workflow').slice(0, 20)}`);
}

const unknownType = (type: string, known: readonly string[]): Failure => ({
  code: 'unknown_workflow_type',
  message: `There is no workflow type "${type}".`,
  hint: `Use one of: ${known.join(', ')}.`,
});

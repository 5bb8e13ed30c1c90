// The planner's part, played by the test: a run in a real log whose model requests the gateway answers.
import type {
  DataOf,
  EventDraft,
  EventId,
  LogEvent,
  MessageType,
  Position,
  UserId,
  WorkflowId,
} from '@troupe/contracts';
import { contractOf, eventId, START } from '@troupe/contracts';
import type { Kernel } from '@troupe/shared';

type Asked = Partial<DataOf<'llm.requested'>> & Pick<DataOf<'llm.requested'>, 'messages'>;
type Outcome = LogEvent<'llm.completed' | 'llm.failed'>;

export class Run {
  readonly key: { user: UserId; workflow: WorkflowId };
  readonly #kernel: Kernel;
  #last: Position = START;
  #written = 0;

  private constructor(kernel: Kernel, workflow: string) {
    this.#kernel = kernel;
    this.key = { user: 'user-1' as UserId, workflow: workflow as WorkflowId };
  }

  static async begin(kernel: Kernel, workflow: string): Promise<Run> {
    const run = new Run(kernel, workflow);
    await run.write('workflow.requested', contractOf('workflow.requested').example);
    return run;
  }

  /** Appends an event behind everything that this run knows of. */
  async write<Type extends MessageType>(
    type: Type,
    data: DataOf<Type>,
    causationId = 'test',
  ): Promise<EventId> {
    this.#written += 1;
    const id = eventId(this.key.workflow, `${type}-${this.#written}`);
    const draft = {
      ...this.key,
      type,
      data,
      id,
      causationId,
      source: '/troupe/test',
      correlationId: 'corr-1',
    };
    const appended = await this.#kernel.log.append(draft as EventDraft, { after: this.#last });
    if (appended.kind !== 'appended') throw new Error(`${type} was not appended: ${appended.kind}`);
    this.#last = appended.position;
    return id;
  }

  ask(asked: Asked): Promise<EventId> {
    return this.write('llm.requested', {
      turn: 1,
      tools: [],
      tool_choice: 'auto',
      max_tokens: 1_000,
      ...asked,
    });
  }

  /** The outcome of the request, once it stands in the log; throws if that takes longer than a minute. */
  async outcomeOf(request: EventId): Promise<Outcome> {
    for (const startedAt = performance.now(); performance.now() - startedAt < 60_000; ) {
      const log = await this.events();
      this.#last = log.at(-1)?.position ?? this.#last;
      const outcome = log.find(({ causationId }) => causationId === request);
      if (outcome?.type === 'llm.completed' || outcome?.type === 'llm.failed') return outcome;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error(`${request} has no outcome`);
  }

  /** As outcomeOf, for one that must be an answer. */
  async answerTo(request: EventId): Promise<LogEvent<'llm.completed'>> {
    const outcome = await this.outcomeOf(request);
    if (outcome.type === 'llm.failed') throw new Error(JSON.stringify(outcome.data));
    return outcome;
  }

  events() {
    return this.#kernel.log.read.whole(this.key);
  }
}

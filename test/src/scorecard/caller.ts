// The caller's side: runs in the log that ask for model turns, as the planner would, and what comes of them. Outcomes are heard as
// they are stored, so that hundreds can be waited for at once and a second outcome of one request is noticed.
import { randomUUID } from 'node:crypto';
import type { DataOf, EventDraft, EventId, LogEvent, Position, WorkflowKey } from '@troupe/contracts';
import { contractOf, decodeEvent, eventId, START, typeFilter, UserId, WorkflowId } from '@troupe/contracts';
import type { Kernel } from '@troupe/shared';
import type { Msg, Subscription } from 'nats';

export type Outcome = LogEvent<'llm.completed' | 'llm.failed'>;
type Asked = Partial<DataOf<'llm.requested'>>;
type Written = 'workflow.requested' | 'llm.requested' | 'llm.cancelled';

export interface Conversation {
  readonly key: WorkflowKey;
  /** The next request of this run, once its last one has its outcome. */
  next(asked: Asked): Promise<EventId>;
  /** Closes a request, and tells whoever works on it. */
  cancel(request: EventId): Promise<void>;
}

export interface Caller extends Disposable {
  /** A new run of a user. */
  begin(user?: string): Promise<Conversation>;
  /** A new run with one request. */
  ask(goal: string, asked?: Asked, user?: string): Promise<EventId>;
  /** Resolves with the request's outcome; undefined when the patience is over. */
  outcomeOf(request: EventId): Promise<Outcome | undefined>;
  /** All outcomes so far. */
  readonly outcomes: readonly Outcome[];
}

export function createCaller(kernel: Kernel, patienceMs: number): Caller {
  const outcomes: Outcome[] = [];
  const waiting = new Map<string, (outcome: Outcome) => void>();
  const hear = (message: Msg): void => {
    const outcome = decodeEvent(rawOf(message)) as Outcome;
    outcomes.push(outcome);
    waiting.get(outcome.causationId)?.(outcome);
  };
  const subscriptions = (['llm.completed', 'llm.failed'] as const).map(
    (type): Subscription =>
      kernel.connection.subscribe(typeFilter(type), {
        callback: (error, message) => {
          if (error === null) hear(message);
        },
      }),
  );

  const begin = async (user = 'user-1'): Promise<Conversation> => {
    const key = { user: UserId.parse(user), workflow: WorkflowId.parse(randomUUID()) };
    const run = new Run(kernel, key);
    await run.write('workflow.requested', contractOf('workflow.requested').example);
    return run;
  };
  return {
    begin,
    ask: async (goal, asked = {}, user) => {
      const run = await begin(user);
      return run.next({ messages: [{ role: 'user', content: { text: goal } }], ...asked });
    },
    async outcomeOf(request) {
      const known = outcomes.find(({ causationId }) => causationId === request);
      if (known !== undefined) return known;
      const { promise, resolve } = Promise.withResolvers<Outcome | undefined>();
      waiting.set(request, resolve);
      const patience = setTimeout(resolve, patienceMs, undefined);
      return promise.finally(() => clearTimeout(patience));
    },
    outcomes,
    [Symbol.dispose]: () => {
      for (const subscription of subscriptions) subscription.unsubscribe();
    },
  };
}

class Run implements Conversation {
  readonly key: WorkflowKey;
  readonly #kernel: Kernel;
  #last: Position = START;
  #written = 0;

  constructor(kernel: Kernel, key: WorkflowKey) {
    this.#kernel = kernel;
    this.key = key;
  }

  async next(asked: Asked): Promise<EventId> {
    await this.#catchUp();
    const example = { turn: 1, messages: [], tools: [], tool_choice: 'auto' as const, max_tokens: 1_000 };
    return this.write('llm.requested', { ...example, ...asked });
  }

  async cancel(request: EventId): Promise<void> {
    await this.#catchUp();
    await this.write('llm.cancelled', { reason: 'stopped_by_machine' }, request);
    this.#kernel.aborts.knock(this.key);
  }

  async write<Type extends Written>(
    type: Type,
    data: DataOf<Type>,
    causationId = 'scorecard',
  ): Promise<EventId> {
    this.#written += 1;
    const id = eventId(this.key.workflow, `${type}-${this.#written}`);
    const envelope = { ...this.key, source: '/troupe/scorecard', correlationId: this.key.workflow };
    const draft = { ...envelope, id, type, data, causationId } as EventDraft;
    const appended = await this.#kernel.log.append(draft, { after: this.#last });
    if (appended.kind !== 'appended') throw new Error(`${type} was not appended: ${appended.kind}`);
    this.#last = appended.position;
    return id;
  }

  async #catchUp(): Promise<void> {
    const log = await this.#kernel.log.read.whole(this.key);
    this.#last = log.at(-1)?.position ?? START;
  }
}

/** A message that was published to the log, as its readers would be handed it; its place is not known yet. */
const rawOf = ({ subject, headers, data }: Msg) => ({
  subject,
  header: (name: string) => headers?.get(name) || undefined,
  body: data,
  seq: 1,
  storedAt: Date.now(),
});

// One workflow's log, written as the planner would, and what the executor adds to it.
import type {
  DataOf,
  EventDraft,
  EventId,
  JsonObject,
  LogEvent,
  MessageType,
  StoredEvent,
  ToolReference,
} from '@troupe/contracts';
import { contractOf, eventId, START, UserId, WorkflowId } from '@troupe/contracts';
import type { Kernel } from '@troupe/shared';
import { lastPosition } from '@troupe/shared';
import { until } from './until.ts';

export class Run {
  readonly #kernel: Kernel;
  readonly user: UserId;
  readonly workflow: WorkflowId;
  #after = START;
  #written = 0;

  private constructor(kernel: Kernel, user: string, workflow: string) {
    this.#kernel = kernel;
    this.user = UserId.parse(user);
    this.workflow = WorkflowId.parse(workflow);
  }

  static async begin(kernel: Kernel, workflow: string, user = 'ann'): Promise<Run> {
    const run = new Run(kernel, user, workflow);
    await run.write('workflow.requested', contractOf('workflow.requested').example);
    return run;
  }

  /** Appends as the planner; the event's id. */
  write<Type extends MessageType>(type: Type, data: DataOf<Type>, causationId = 'test'): Promise<EventId> {
    this.#written += 1;
    const id = eventId(`${this.user}/${this.workflow}`, `${type}-${this.#written}`);
    return this.#append({ type, data, id, causationId });
  }

  /** Appends what an executor appended before it died; `name` as `context.write` takes it. */
  writeAsExecutor<Type extends MessageType>(
    request: EventId,
    name: string,
    type: Type,
    data: DataOf<Type>,
  ): Promise<EventId> {
    return this.#append({ type, data, id: eventId(request, name), causationId: request });
  }

  /** Behind whatever was written meanwhile. */
  async #append(event: { type: string; data: unknown; id: EventId; causationId: string }): Promise<EventId> {
    const { user, workflow } = this;
    const draft = { ...event, user, workflow, source: '/test', correlationId: `corr-${workflow}` };
    for (;;) {
      const result = await this.#kernel.log.append(draft as unknown as EventDraft, { after: this.#after });
      if (result.kind === 'conflict') {
        this.#after = lastPosition(result.tail);
        continue;
      }
      this.#after = result.kind === 'appended' ? result.position : result.event.position;
      return event.id;
    }
  }

  /** Asks for a tool call; the request's id. */
  call(tool: ToolReference, given: JsonObject) {
    return this.write('tool.requested', { call_id: `call_${this.#written}`, tool, arguments: given });
  }

  /** Asks for a call of a tool that an executor announced. */
  async callNamed(name: string, given: JsonObject) {
    const [tool] = await this.#kernel.tools.current([name]);
    if (tool === undefined) throw new Error(`${name} is not announced`);
    return this.call(tool, given);
  }

  log(): Promise<StoredEvent[]> {
    return this.#kernel.log.read.whole(this);
  }

  async caused(requestId: string): Promise<string[]> {
    const events = await this.log();
    return events.filter(({ causationId }) => causationId === requestId).map(({ type }) => type);
  }

  /** Waits for an event of one of the types that the request caused. */
  awaits<Type extends MessageType>(requestId: string, ...types: Type[]): Promise<LogEvent<Type>> {
    return until(`${this.workflow} has ${types.join(' or ')}`, async () => {
      const found = (await this.log()).find(
        (event) => event.causationId === requestId && (types as string[]).includes(event.type),
      );
      return found as LogEvent<Type> | undefined;
    });
  }

  outcome(requestId: string) {
    return this.awaits(requestId, 'tool.completed', 'tool.failed');
  }

  /** The output of a call, which must succeed. */
  async output(requestId: string): Promise<Record<string, unknown>> {
    const event = await this.outcome(requestId);
    if (event.type === 'tool.failed')
      throw new Error(`${event.data.error.code}: ${event.data.error.message}`);
    return JSON.parse(await this.#kernel.blobs.load(event.data.output)) as Record<string, unknown>;
  }

  /** The failure of a call, which must fail. */
  async failure(requestId: string): Promise<DataOf<'tool.failed'>> {
    const event = await this.outcome(requestId);
    if (event.type === 'tool.completed') throw new Error(`${event.data.tool} succeeded`);
    return event.data;
  }
}

// Writes one workflow's log as planner and tool-executor would, and waits for what memory adds to it.
import { setTimeout as sleep } from 'node:timers/promises';
import type { DataOf, EventDraft, MessageType, StoredEvent } from '@troupe/contracts';
import { contractOf, eventId, START, UserId, WorkflowId } from '@troupe/contracts';
import type { Kernel } from '@troupe/shared';
import { lastPosition } from '@troupe/shared';

const PATIENCE_MS = 20_000;

export class WrittenRun {
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

  static async begin(kernel: Kernel, user: string, workflow: string, goal: string): Promise<WrittenRun> {
    const run = new WrittenRun(kernel, user, workflow);
    await run.write('workflow.requested', { ...contractOf('workflow.requested').example, goal });
    return run;
  }

  /** Appends behind whatever was written meanwhile. */
  async write<Type extends MessageType>(type: Type, data: DataOf<Type>): Promise<string> {
    const { user, workflow } = this;
    this.#written += 1;
    const id = eventId(`${user}/${workflow}`, `${type}-${this.#written}`);
    const draft = {
      ...{ type, id, user, workflow, data },
      ...{ source: '/test', correlationId: workflow, causationId: 'test' },
    };
    for (;;) {
      const result = await this.#kernel.log.append(draft as unknown as EventDraft, { after: this.#after });
      if (result.kind === 'conflict') {
        this.#after = lastPosition(result.tail);
        continue;
      }
      this.#after = result.kind === 'appended' ? result.position : result.event.position;
      return id;
    }
  }

  async remember(text: string): Promise<void> {
    const output = { text: JSON.stringify({ remembered: true, text }) };
    await this.write('tool.completed', { tool: 'remember', call_id: 'call_1', output });
  }

  async complete(answer: string): Promise<void> {
    const { user, workflow } = this;
    const { example } = contractOf('workflow.completed');
    await this.write('workflow.completed', {
      ...example,
      user_id: user,
      workflow_id: workflow,
      status: 'completed',
      answer,
    });
  }

  /** What memory answered to a recall of this run. */
  async recall(query: string, k = 4): Promise<StoredEvent & { type: 'memory.completed' | 'memory.failed' }> {
    const id = await this.write('memory.requested', { query, k });
    const until = Date.now() + PATIENCE_MS;
    while (Date.now() < until) {
      for (const event of await this.#kernel.log.read.whole(this)) {
        if (event.causationId !== id) continue;
        if (event.type === 'memory.completed' || event.type === 'memory.failed') return event;
      }
      await sleep(20);
    }
    throw new Error(`no answer to memory.requested of ${this.workflow} in ${PATIENCE_MS} ms`);
  }
}

// What the fault tests see of a stack beside its own words: the logs, the provider's record, the world. Runs are asked for as any
// client asks, by an acknowledged publish at the door.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { StoredEvent, WorkflowKey } from '@troupe/contracts';
import { isTerminal, UserId, WorkflowId } from '@troupe/contracts';
import type { Kernel } from '@troupe/shared';
import { createLogger, openKernel } from '@troupe/shared';
import { declaredConsumers } from '../../../shared/src/provision/declared.ts';
import type { CallRecord } from '../../../services/provider-simulator/src/ledger.ts';
import type { Rule } from '../../../services/provider-simulator/src/faults/script.ts';
import type { TestStack } from '../e2e/with-stack.ts';
import { assertChain } from '../support/events.ts';
import { until } from '../support/until.ts';

export interface Request {
  readonly goal: string;
  readonly workflow: string;
  readonly deadlineSeconds?: number;
}

const USER = UserId.parse('alice');
export const keyOf = (workflow: string): WorkflowKey => ({
  user: USER,
  workflow: WorkflowId.parse(workflow),
});

export class Stage implements AsyncDisposable {
  readonly given: TestStack;
  readonly kernel: Kernel;

  private constructor(given: TestStack, kernel: Kernel) {
    this.given = given;
    this.kernel = kernel;
  }

  static async open(given: TestStack): Promise<Stage> {
    const logger = createLogger('stage', 'silent');
    return new Stage(given, await openKernel({ url: given.stack.nats.url, name: 'stage', logger }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kernel[Symbol.asyncDispose]();
  }

  /** Resolves when the door has stored the request. */
  async request({ goal, workflow, deadlineSeconds }: Request): Promise<void> {
    await this.#publish('requested', { goal, workflow_id: workflow, deadline_seconds: deadlineSeconds });
  }

  /** Resolves with the moment at which the door had stored the wish. */
  async cancel(workflow: string): Promise<number> {
    await this.#publish('cancel_requested', { workflow_id: workflow });
    return Date.now();
  }

  async #publish(event: string, body: object): Promise<void> {
    await this.kernel.connection
      .jetstream()
      .publish(`agents.workflow.${event}.${USER}`, JSON.stringify(body), { timeout: 5_000 });
  }

  log(workflow: string): Promise<StoredEvent[]> {
    return this.kernel.log.read.whole(keyOf(workflow));
  }

  /** Resolves with the log once it holds an event of `type`. */
  holds(workflow: string, type: StoredEvent['type'], withinMs = 20_000): Promise<StoredEvent[]> {
    const what = `${type} of ${workflow}`;
    const look = async (): Promise<StoredEvent[] | false> => {
      const log = await this.log(workflow);
      return log.some((event) => event.type === type) && log;
    };
    return until(what, look, withinMs);
  }

  /** Makes the provider treat calls whose input holds a text in another way. */
  async script(...rules: Partial<Rule>[]): Promise<void> {
    const response = await fetch(`${this.given.stack.simulatorUrl}/simulator/script`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(rules),
    });
    assert.equal(response.status, 200, await response.text());
  }

  /** The model calls that the provider saw, oldest first; with `text` those whose goal holds it. */
  async calls(text = ''): Promise<CallRecord[]> {
    const response = await fetch(`${this.given.stack.simulatorUrl}/simulator/record`);
    const { calls } = (await response.json()) as { calls: CallRecord[] };
    return calls.filter(({ endpoint, goal }) => endpoint !== 'embeddings' && goal.includes(text));
  }

  /** Fails if anything of the run stirs after its end: in the log, at the provider, in the world. */
  async staysEnded(workflow: string, forMs = 1_500): Promise<StoredEvent[]> {
    const seen = async () => {
      const { notifications, waitedFor, visits } = this.given.world;
      return {
        log: (await this.log(workflow)).length,
        calls: (await this.calls(workflow)).length,
        visits: visits(),
        waitedFor: waitedFor().filter((path) => path.includes(workflow)),
        notifications: notifications.filter(({ body }) => body.workflow_id === workflow).length,
      };
    };
    const before = await seen();
    await sleep(forMs);
    assert.deepEqual(await seen(), before);
    const log = await this.log(workflow);
    assertChain(log, keyOf(workflow));
    assert.deepEqual(
      log.map(({ type }) => isTerminal(type)),
      log.map((_, i) => i === log.length - 1),
      'one terminal event, and it is the last one',
    );
    return log;
  }

  /** Resolves when every consumer has taken and settled all that it was given. */
  async nothingPending(withinMs = 60_000): Promise<void> {
    const { consumers } = await this.kernel.connection.jetstreamManager();
    const end = performance.now() + withinMs;
    for (const { stream, config } of declaredConsumers()) {
      for (;;) {
        const { num_pending, num_ack_pending } = await consumers.info(stream, config.durable_name);
        if (num_pending + num_ack_pending === 0) break;
        const left = `${num_pending} undelivered and ${num_ack_pending} unsettled messages`;
        assert.ok(performance.now() < end, `${config.durable_name} still has ${left}`);
        await sleep(100);
      }
    }
  }
}

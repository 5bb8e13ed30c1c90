// A door over logs in memory, and messages that come to it.
import type { StoredEvent } from '@troupe/contracts';
import { UserId, WorkflowId } from '@troupe/contracts';
import type { Delivery } from '@troupe/shared';
import { RetryableError, TerminalError } from '@troupe/shared';
import type { MachineFor } from '../core/run.ts';
import { Door } from '../door.ts';
import { Runs } from '../runs.ts';
import { automation } from '../workflows/automation.ts';
import { createRegistry } from '../workflows/registry.ts';
import { MemoryKernel } from './memory-kernel.ts';
import { toolReference } from './turns.ts';

const registry = createRegistry([automation]);

export class MemoryDoor {
  readonly kernel = new MemoryKernel();
  /** Names of the tools that are announced now. */
  offered = ['notify_user'];
  enabled = true;
  runs: Runs;
  readonly #machineFor: MachineFor;
  #seq = 0;

  /** Runs go through the machine of their workflow type, or through another. */
  constructor(machineFor: MachineFor = (run) => registry.machineFor(run)) {
    this.#machineFor = machineFor;
    this.runs = this.#planner();
  }

  /** The planner forgets everything that it had in memory. */
  restart(): void {
    this.runs = this.#planner();
  }

  /** A message at the door, of alice unless told otherwise; the same `at` is the same message, delivered again. */
  delivery(subject: string, body: unknown, at = (this.#seq += 1), attempt = 1): Delivery {
    return {
      subject: `agents.workflow.${subject}`,
      header: () => undefined,
      body: new TextEncoder().encode(JSON.stringify(body)),
      ...{ seq: at, storedAt: Date.UTC(2026, 0, 1), attempt },
      ...{ ack: () => undefined, nak: () => undefined, working: () => undefined },
    };
  }

  handle(delivery: Delivery): Promise<void> {
    const { kernel, runs, offered, enabled } = this;
    const door = new Door({
      ...{ append: kernel.append, read: kernel.read, runs, registry, enabled, maxTokens: 4_000 },
      currentTools: () => Promise.resolve(offered.map(toolReference)),
      doorId: 'AGENTS_IN@2026',
    });
    return door.handle(delivery);
  }

  request(body: object, at?: number): Promise<void> {
    return this.handle(this.delivery('requested.alice', { goal: 'x', ...body }, at));
  }

  log(workflow: string): StoredEvent[] {
    return this.kernel.log({ user: UserId.parse('alice'), workflow: WorkflowId.parse(workflow) }).events;
  }

  #planner(): Runs {
    const { append, read, clock } = this.kernel;
    return new Runs({
      ...{ append, read, clock },
      knock: () => undefined,
      ended: () => undefined,
      machineFor: this.#machineFor,
      cached: 100,
    });
  }
}

/** The code of what was thrown; `retry <code>` for what is tried again. */
export const refusal = (handled: Promise<void>): Promise<string> =>
  handled.then(
    () => 'accepted',
    (error: unknown) => {
      if (error instanceof TerminalError) return error.failure.code;
      return error instanceof RetryableError ? `retry ${error.code}` : String(error);
    },
  );

// The circuits of all targets of one gateway, kept in step with the other gateways': what the fleet's entries say is read at the start, at each
// change and now and then. While it cannot be read the circuits go by themselves, so a failed reading is no event.
import type { Entry } from '@troupe/shared';
import type { Circuits } from './circuit.ts';
import { entryOf } from './fleet.ts';
import type { CircuitContext, CircuitRules } from './target-circuit.ts';
import { TargetCircuit } from './target-circuit.ts';

export interface CircuitsOptions extends CircuitContext {
  /** A change that nobody heard of is found after that long. */
  readonly readEveryMs: number;
}

export const CIRCUIT_RULES: CircuitRules = {
  opening: { failures: 5, share: { atLeast: 0.5, calls: 20, withinMs: 30_000 } },
  openForMs: 60_000,
  leaseMs: 30_000,
  claimWithinMs: 500,
  askAgainMs: 1_000,
};
export const READ_CIRCUITS_EVERY_MS = 10_000;

/** A change is told of when it is sent: it can be read a moment later. */
const STORED_MS = 20;

/** Follows the fleet until disposed. */
export function createCircuits({ readEveryMs, ...context }: CircuitsOptions): Circuits & Disposable {
  const circuits = new Map<string, TargetCircuit>();
  let entries: ReadonlyMap<string, Entry> = new Map();
  let timer: NodeJS.Timeout | undefined;
  let reading = false;
  let againInMs = readEveryMs;
  let over = false;

  const readIn = (ms: number): void => {
    clearTimeout(timer);
    if (!over) timer = setTimeout(() => void read(), ms).unref();
  };
  async function read(): Promise<void> {
    reading = true;
    againInMs = readEveryMs;
    entries = await context.fleet.read().catch(() => entries);
    reading = false;
    for (const [name, entry] of entries) circuits.get(name)?.follow(entry);
    readIn(againInMs);
  }

  const changes = context.fleet.onChange(() => {
    againInMs = STORED_MS;
    if (!reading) readIn(againInMs);
  });
  readIn(0);

  return {
    of(target) {
      const name = entryOf(target);
      const known = circuits.get(name);
      if (known !== undefined) return known;
      const circuit = new TargetCircuit(target, context);
      circuits.set(name, circuit);
      const entry = entries.get(name);
      if (entry !== undefined) circuit.follow(entry);
      return circuit;
    },
    [Symbol.dispose]() {
      over = true;
      clearTimeout(timer);
      changes[Symbol.dispose]();
      for (const circuit of circuits.values()) circuit[Symbol.dispose]();
    },
  };
}

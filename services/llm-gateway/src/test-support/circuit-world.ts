// Gateways by a clock of the test's own, which share the state of one circuit in memory.
import assert from 'node:assert/strict';
import type { CircuitAnswer, Permit } from '../circuit/circuit.ts';
import { CIRCUIT_RULES } from '../circuit/circuits.ts';
import { entryOf } from '../circuit/fleet.ts';
import type { CircuitRules } from '../circuit/target-circuit.ts';
import { TargetCircuit } from '../circuit/target-circuit.ts';
import type { EntriesInMemory } from './entries-in-memory.ts';
import { entriesInMemory } from './entries-in-memory.ts';

export const TARGET = 'openai/gpt-4.1-mini';
export const OPEN_MS = CIRCUIT_RULES.openForMs;

export class CircuitWorld {
  readonly fleet: EntriesInMemory = entriesInMemory();
  readonly changes: string[] = [];
  readonly rules: CircuitRules;
  now = 1_000;

  constructor(rules: Partial<CircuitRules> = {}) {
    this.rules = { ...CIRCUIT_RULES, claimWithinMs: 50, ...rules };
  }

  gateway(instance: string): TargetCircuit {
    return new TargetCircuit(TARGET, {
      rules: this.rules,
      fleet: this.fleet,
      instance,
      now: () => this.now,
      wallNow: () => 0,
      random: () => 0.5,
      onChange: (_target, state) => this.changes.push(`${instance} ${state}`),
    });
  }

  async read(...circuits: TargetCircuit[]): Promise<void> {
    const entry = (await this.fleet.read()).get(entryOf(TARGET));
    if (entry !== undefined) for (const circuit of circuits) circuit.follow(entry);
  }
}

export function permitOf(answer: CircuitAnswer): Permit {
  assert.equal(answer.kind, 'permitted');
  return answer.permit;
}
/** Lets what was told the fleet be written. */
export const written = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

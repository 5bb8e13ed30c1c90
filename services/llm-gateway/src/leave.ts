// What it takes to call a target: the permit of its circuit, a turn in its queue, a key. All three are told what became of the call,
// exactly once, also where it was never made: a permit that nobody reports on would hold a circuit's probe for ever.
import type { Circuit, Health, Permit } from './circuit/circuit.ts';
import type { KeyChoice, KeyInUse, Keys, KeyWish } from './keys/keys.ts';
import type { Admitted, LoadSignal, Turn } from './load/admission.ts';
import type { FaultClass } from './rules/classify.ts';
import { VERDICTS } from './rules/classify.ts';

type WithoutKey = Extract<KeyChoice, { kind: 'none' }>['why'];

/** Nobody was asked. */
export interface Skipped {
  readonly kind: 'skipped';
  readonly why: 'circuit_open' | 'overloaded' | WithoutKey;
  readonly retryAfterMs: number | undefined;
}

export interface Door {
  readonly circuit: Circuit;
  readonly keys: Keys;
  /** Waits for a turn at the target. */
  readonly enter: () => Promise<Admitted>;
}

/** What became of a call. `unknown`: it was not made, or whoever asked left. */
export type Report =
  | { readonly kind: 'good'; readonly usedTokens: number | undefined }
  | { readonly kind: 'fault'; readonly fault: FaultClass; readonly retryAfterMs: number | undefined }
  | { readonly kind: 'unknown' };

export class Leave {
  readonly kind = 'granted';
  readonly key: KeyInUse;
  readonly #permit: Permit;
  readonly #turn: Turn;

  constructor(permit: Permit, turn: Turn, key: KeyInUse) {
    this.#permit = permit;
    this.#turn = turn;
    this.key = key;
  }

  get probe(): boolean {
    return this.#permit.probe;
  }

  /** Once. */
  report(report: Report): void {
    switch (report.kind) {
      case 'good':
        this.#settle('good', 'good', report.usedTokens);
        this.key.report('good');
        break;
      case 'fault':
        this.#settle(VERDICTS[report.fault].health, loadOf(report.fault), undefined);
        this.key.report({ fault: report.fault, retryAfterMs: report.retryAfterMs });
        break;
      case 'unknown':
        this.#settle('unknown', 'none', undefined);
    }
    this.key[Symbol.dispose]();
  }

  #settle(health: Health, load: LoadSignal, usedTokens: number | undefined): void {
    this.#permit.report(health);
    this.#turn.done(load, usedTokens);
  }
}

const loadOf = (fault: FaultClass): LoadSignal =>
  fault === 'rate_limited' || fault === 'overloaded' ? 'throttled' : 'none';

/** A turn that came sooner was not waited for: what was true before is true. */
const AT_ONCE_MS = 5;

/** Rejects with whatever `enter` rejects with; nothing is held then. `now`: a clock of milliseconds. */
export async function askLeave(
  door: Door,
  wish: KeyWish,
  now: () => number = () => performance.now(),
): Promise<Leave | Skipped> {
  // Nobody queues for a target that is not there, or that has no key for him.
  const first = await admissible(door, wish);
  if (first.kind === 'skipped') return first;
  const cameAt = now();
  const admitted = await door.enter().catch((error: unknown) => {
    giveBack(first);
    throw error;
  });
  if (admitted.kind === 'shed') {
    giveBack(first);
    return { kind: 'skipped', why: 'overloaded', retryAfterMs: admitted.retryAfterMs };
  }
  if (first.permit.probe || now() - cameAt < AT_ONCE_MS)
    return new Leave(first.permit, admitted.turn, first.key);
  // While this call waited, others may have opened the circuit or used up the key.
  giveBack(first);
  const again = await admissible(door, wish);
  if (again.kind === 'admissible') return new Leave(again.permit, admitted.turn, again.key);
  admitted.turn.done('none', 0);
  return again;
}

interface Admissible {
  readonly kind: 'admissible';
  readonly permit: Permit;
  readonly key: KeyInUse;
}

/** The key first: a circuit's probe is not taken for a call that cannot be made. */
async function admissible({ circuit, keys }: Door, wish: KeyWish): Promise<Admissible | Skipped> {
  const choice = keys.choose(wish);
  if (choice.kind === 'none') return skippedFor(choice);
  const asked = await circuit.ask();
  if (asked.kind === 'permitted') return { kind: 'admissible', permit: asked.permit, key: choice.key };
  choice.key[Symbol.dispose]();
  return { kind: 'skipped', why: 'circuit_open', retryAfterMs: asked.retryAfterMs };
}

function giveBack({ permit, key }: Admissible): void {
  permit.report('unknown');
  key[Symbol.dispose]();
}

/** Why no key can be used now; undefined where one can. */
export function keyless(keys: Keys, wish: KeyWish): Skipped | undefined {
  const choice = keys.choose(wish);
  if (choice.kind === 'none') return skippedFor(choice);
  choice.key[Symbol.dispose]();
  return undefined;
}

const skippedFor = ({ why, retryAfterMs }: Extract<KeyChoice, { kind: 'none' }>): Skipped => ({
  kind: 'skipped',
  why,
  retryAfterMs,
});

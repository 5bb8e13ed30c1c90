// What happens to provider calls: something to thirty of a hundred, each kind as likely as the others, the same for one seed. Keys
// and the caller's own faults are left alone: what they lead to is no question of the books.

const RATE = 0.3;
/** Longer than any gateway waits here. */
const FOR_EVER = 60_000;

const FAULTS = [
  { kind: 'error', status: 500 },
  { kind: 'error', status: 503 },
  { kind: 'error', status: 429, headers: { 'retry-after-ms': '30' } },
  { kind: 'error', status: 529 },
  { kind: 'reset' },
  { kind: 'hang' },
  { kind: 'html' },
  { kind: 'cut', afterEvents: 0 },
  { kind: 'cut', afterEvents: 20 },
  { kind: 'stall', afterEvents: 15, ms: FOR_EVER },
  { kind: 'malformed_event', afterEvents: 10 },
  { kind: 'silent_end', afterEvents: 25 },
  { kind: 'no_terminal' },
  { kind: 'no_last_event' },
  { kind: 'error_event', afterEvents: 12 },
  { kind: 'response_failed', afterEvents: 12 },
  { kind: 'latency', ms: 200 },
] as const;

/** A rule for the simulator's script. */
export const chaos = (seed: number): object => ({
  times: null,
  then: { kind: 'random', seed, rate: RATE, among: FAULTS },
});

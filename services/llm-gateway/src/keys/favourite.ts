// Which of several usable keys a call takes: the same one for the same affinity as long as that key is among them (rendezvous hashing: a
// key that comes or goes moves only its own share), unless it is much busier than the others. Pure.
import { hash } from 'node:crypto';

export interface Candidate {
  readonly id: string;
  /** Calls that use it now. */
  readonly inFlight: number;
}

/** `spillFrom`: with fewer calls in flight a key is never too busy. Undefined where there is no candidate. */
export function favourite<T extends Candidate>(
  candidates: readonly T[],
  affinity: string,
  spillFrom: number,
): T | undefined {
  if (candidates.length < 2) return candidates[0];
  const ranked = candidates
    .map((candidate) => ({ candidate, score: hash('sha256', `${affinity} ${candidate.id}`) }))
    .sort((a, b) => (a.score < b.score ? 1 : -1))
    .map(({ candidate }) => candidate);
  const [first, ...others] = ranked;
  if (first === undefined || first.inFlight < spillFrom) return first;
  const mean = others.reduce((sum, { inFlight }) => sum + inFlight, 0) / others.length;
  if (first.inFlight < 2 * mean) return first;
  return others.reduce((least, other) => (other.inFlight < least.inFlight ? other : least));
}

// One deadline for a whole call, and how it is split over the targets. The wall clock is asked once, on arrival; from then on only
// time that passed counts, so that a clock that is set forth or back neither ends a call nor prolongs it.

/** Milliseconds that a call may take from now on: its turn, or less where the run ends sooner. */
export function leftOnArrival(turnMs: number, deadlineAt: string | undefined, now: number): number {
  const untilDeadline = deadlineAt === undefined ? Infinity : Date.parse(deadlineAt) - now;
  return Math.max(0, Math.min(turnMs, untilDeadline));
}

export class Deadline {
  readonly #endsAt: number;
  readonly #monotonic: () => number;

  /** `monotonic`: milliseconds since any fixed moment. */
  constructor(leftMs: number, monotonic: () => number) {
    this.#monotonic = monotonic;
    this.#endsAt = monotonic() + leftMs;
  }

  get leftMs(): number {
    return Math.max(0, this.#endsAt - this.#monotonic());
  }
}

export interface Split {
  readonly leftMs: number;
  /** Targets that could still be asked after this one. */
  readonly behind: number;
  /** What each of them needs to be of use. */
  readonly minUsefulMs: number;
}

/**
 * How long an attempt at the target in hand may take: all but what those behind it need, and all of it at the last one. Undefined
 * where that is too little to be of use: then the time is theirs.
 */
export function attemptBudget({ leftMs, behind, minUsefulMs }: Split): number | undefined {
  const budget = leftMs - behind * minUsefulMs;
  if (behind > 0 && budget < minUsefulMs) return undefined;
  return budget > 0 ? budget : undefined;
}

/** The longest wait before another attempt at this target that leaves that attempt, and those behind, their share. */
export const longestWait = ({ leftMs, behind, minUsefulMs }: Split): number =>
  Math.min(leftMs / (behind + 1), leftMs - (behind + 1) * minUsefulMs);

// What gateways tell each other of a circuit that is not closed: one entry for each target, changed by compare-and-set, so that of those who
// find a circuit's time over one alone probes. An entry says how long it holds and no time of day: whoever reads it counts from there
// on by his own clock, and the time of its storing only shortens that, so that clocks that disagree cannot keep a circuit open.
import type { Entries, Entry } from '@troupe/shared';
import { z } from 'zod';

/** The entries of CIRCUITS_BUCKET. */
export type Fleet = Entries;

/** No entry, or a deleted one, stands for a closed circuit. */
const FleetState = z.object({
  state: z.enum(['open', 'half_open']),
  /** Until somebody may probe; with `half_open` somebody does, and may be gone by then. */
  for_ms: z.number().min(0).max(600_000),
  /** The gateway that says so. */
  by: z.string(),
});
export type FleetState = z.infer<typeof FleetState>;

export const encodeFleetState = (state: FleetState): string => JSON.stringify(state);

/** What is left of an entry at `wallNow` (milliseconds since 1970); `unreadable`: it is not one of ours, and says nothing. */
export function decodeFleetState(
  { value, storedAt }: Entry,
  wallNow: number,
): FleetState | 'closed' | 'unreadable' {
  if (value === undefined) return 'closed';
  const state = FleetState.safeParse(jsonIn(value)).data;
  if (state === undefined) return 'unreadable';
  const ageMs = Math.max(0, wallNow - storedAt);
  return { ...state, for_ms: Math.max(0, state.for_ms - ageMs) };
}

/** Undefined, which is no state, for what is no JSON. */
function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The name of a target's entry: letters that an entry's name cannot have are written as their codes. */
export const entryOf = (target: string): string =>
  target.replaceAll(/[^\w-]/g, (letter) => `=${letter.charCodeAt(0).toString(16).padStart(2, '0')}`);

// Who in the planner wrote an event: its `source`. The fold's own events are told from all others by it, in the shard's consumer
// (which has nothing to learn from them) and in the replay check (which owes them byte for byte), so these names never change.

/** The fold. */
export const PLANNER = '/troupe/planner';
/** What somebody published. */
export const DOOR = '/troupe/planner/door';
/** Timers that fired. */
export const CLOCK = '/troupe/planner/clock';
/** Outcomes of requests that no worker settled, and ends of runs that cannot be folded. */
export const GIVEN_UP = '/troupe/planner/given-up';

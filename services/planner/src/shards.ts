// Which shards a planner should hold. Pure: every planner decides for itself, from the same leases, so that all together hold every
// shard once and as evenly as can be. Whoever has more keeps more: a shard moves only to make the shares even.

export interface View {
  /** The planners that are there; `me` counts even where it is not among them yet. */
  readonly members: readonly string[];
  /** By shard: who holds it, if anybody. A holder that is no member (it is leaving) has no share. */
  readonly holders: readonly (string | undefined)[];
  readonly me: string;
}

export interface Decision {
  readonly take: readonly number[];
  readonly release: readonly number[];
}

export function decide({ members, holders, me }: View): Decision {
  const heldBy = (member: string): number[] => shardsWhere(holders, (holder) => holder === member);
  const order = [...new Set([...members, me])].sort(
    (a, b) => heldBy(b).length - heldBy(a).length || (a < b ? -1 : 1),
  );
  const [share, more] = [Math.floor(holders.length / order.length), holders.length % order.length];
  const shareOf = (member: string): number => share + (order.indexOf(member) < more ? 1 : 0);
  // Free shards are dealt out in one order that all share, so that no two planners reach for the same one.
  const free = shardsWhere(holders, (holder) => holder === undefined);
  const before = order.slice(0, order.indexOf(me));
  const lacks = (member: string): number => Math.max(0, shareOf(member) - heldBy(member).length);
  const first = before.reduce((sum, member) => sum + lacks(member), 0);
  return { take: free.slice(first, first + lacks(me)), release: heldBy(me).slice(shareOf(me)) };
}

const shardsWhere = (holders: View['holders'], is: (holder: string | undefined) => boolean): number[] =>
  [...holders.keys()].filter((shard) => is(holders[shard]));

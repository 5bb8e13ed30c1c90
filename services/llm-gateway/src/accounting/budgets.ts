// Budgets as rules: what a call counts against, and what an entry of a budget becomes. Pure. An entry holds what was spent and what calls
// in hand may still spend; a call is let through only if all of it fits under the limit, so that no number of calls at once overruns it.
//  B1  A reservation counts until it expires: whoever dies with it in hand leaves nothing behind.
//  B2  To settle is to take a reservation away and count its cost. What is not there was settled before: to settle twice changes nothing.
//  B3  So an expired reservation stays, uncounted, for a while: the cost of a call that was settled late is still counted, once.
// Expiry is judged by the clock of whoever looks. Clocks may differ by less than the minute by which a reservation outlives its call.
import { z } from 'zod';
import type { CallIdentity } from '../call-identity.ts';

/** How long a reservation outlives the time of its call. */
export const OUTLIVES_MS = 60_000;
/** How long an expired reservation can still be settled. */
export const FORGOTTEN_AFTER_MS = 3_600_000;

/** In nano-dollars; undefined: no limit. */
export interface BudgetLimits {
  readonly workflow: number | undefined;
  readonly userDay: number | undefined;
  readonly day: number | undefined;
}

export type ScopeName = keyof BudgetLimits;

export interface Scope {
  readonly name: ScopeName;
  /** Of its entry. */
  readonly key: string;
  readonly limit: number;
  /** When it begins anew, in milliseconds since 1970; undefined: never. */
  readonly resetsAt: number | undefined;
}

const DAY_MS = 86_400_000;

/** What a call that begins at `at` counts against, the narrowest first: who is over his own budget does not disturb the others. */
export function scopesOf(limits: BudgetLimits, { user, workflow }: CallIdentity, at: number): Scope[] {
  const day = new Date(at).toISOString().slice(0, 10);
  const resetsAt = Date.parse(day) + DAY_MS;
  const all = [
    { name: 'workflow', key: `workflow.${user}.${workflow}`, resetsAt: undefined },
    { name: 'userDay', key: `user-day.${user}.${day}`, resetsAt },
    { name: 'day', key: `day.${day}`, resetsAt },
  ] as const;
  return all.flatMap((scope) => {
    const limit = limits[scope.name];
    return limit === undefined ? [] : [{ ...scope, limit }];
  });
}

const NanoUsd = z.int().nonnegative();

/** How an entry is stored. */
export const Entry = z.object({
  settled_nano_usd: NanoUsd,
  reserved: z.array(
    z.object({ id: z.string(), nano_usd: NanoUsd, expires_at: z.int().describe('milliseconds since 1970') }),
  ),
});
export type Entry = z.infer<typeof Entry>;
export const NO_ENTRY: Entry = { settled_nano_usd: 0, reserved: [] };

export type Operation =
  | {
      readonly kind: 'reserve';
      readonly id: string;
      readonly nanoUsd: number;
      readonly expiresAt: number;
      readonly limit: number;
    }
  | { readonly kind: 'settle'; readonly id: string; readonly nanoUsd: number };

export interface Applied {
  readonly entry: Entry;
  readonly refused: boolean;
  /** What could still be reserved before the operation; meaningless for one that settles. */
  readonly left: number;
}

/** What `entry` becomes by `operation` at `now`. The same entry, if nothing changes. */
export function applied(entry: Entry, operation: Operation, now: number): Applied {
  const { id, nanoUsd } = operation;
  const present = entry.reserved.some((reservation) => reservation.id === id);
  if (operation.kind === 'settle') {
    if (!present) return { entry, refused: false, left: 0 };
    const reserved = entry.reserved.filter((reservation) => reservation.id !== id);
    const settled_nano_usd = Math.min(entry.settled_nano_usd + nanoUsd, Number.MAX_SAFE_INTEGER);
    return { entry: { settled_nano_usd, reserved }, refused: false, left: 0 };
  }
  const left = operation.limit - entry.settled_nano_usd - inHand(entry, now);
  if (present) return { entry, refused: false, left };
  if (nanoUsd > left) return { entry, refused: true, left: Math.max(0, left) };
  const kept = entry.reserved.filter(({ expires_at }) => expires_at + FORGOTTEN_AFTER_MS > now);
  const reservation = { id, nano_usd: nanoUsd, expires_at: operation.expiresAt };
  return { entry: { ...entry, reserved: [...kept, reservation] }, refused: false, left };
}

/** What calls in hand may still spend. */
export const inHand = ({ reserved }: Entry, now: number): number =>
  reserved.reduce((sum, { nano_usd, expires_at }) => (expires_at > now ? sum + nano_usd : sum), 0);

// What the log has for a user and his collection in Chroma has not. That something is not there is no loss while it may be on its way: an
// event that is not acked is projected again until it is, so only what was acked and is missing is lost.
import type { ChromaClient } from 'chromadb';
import type { UserId } from '@troupe/contracts';
import { placeOf, readHeld } from './chroma-records.ts';
import type { OpenSlot } from './chroma-slots.ts';
import type { UserSeal } from './sealing/user-seal.ts';
import type { Left, Projected, UserEvents } from './user-events.ts';

export interface MissingOptions {
  readonly events: Pick<UserEvents, 'any' | 'left'>;
  /** The names of a user's records that are forgotten for good. */
  readonly forgotten: (user: UserId) => Promise<ReadonlySet<string>>;
  readonly call: <T>(user: UserId, work: (client: ChromaClient) => Promise<T>) => Promise<T>;
}

/** Where it is looked for. */
export interface Holding {
  readonly own: UserSeal;
  readonly slot: OpenSlot;
}

/** Throw what Chroma and the log throw. */
export interface Missing {
  /** Whether something that was left behind `after` was acked and is not there; `at`: undefined where there is nothing to look in. */
  lost(user: UserId, at: Holding | undefined, of: Projected & { readonly after: number }): Promise<boolean>;
  /** Up to where everything is there: to the newest of these events, whose records were just written, if nothing before it is missing. */
  reached(user: UserId, at: Holding, written: ReadonlySet<number>): Promise<number>;
}

export function createMissing({ events, forgotten, call }: MissingOptions): Missing {
  /** The events of which something is not there. */
  async function missingOf(user: UserId, left: readonly Left[], at: Holding | undefined): Promise<number[]> {
    const some = left.filter(({ memories }) => memories?.length !== 0);
    if (some.length === 0 || at === undefined) return some.map(({ seq }) => seq);
    const { own, slot } = at;
    const namesOf = ({ memories = [] }: Left): string[] => memories.map((memory) => own.record(memory));
    const held = await call(user, (client) => readHeld(placeOf(client, own, slot), some.flatMap(namesOf)));
    const marks = await forgotten(user);
    const isThere = (name: string): boolean => held.has(name) || marks.has(name);
    return some
      .filter((one) => one.memories === undefined || !namesOf(one).every(isThere))
      .map(({ seq }) => seq);
  }

  return {
    async lost(user, at, { after, acked, delivered, pending }) {
      if (!(await events.any(user, after))) return false;
      let unsure = 0;
      for await (const left of events.left(user, after, delivered)) {
        const missing = await missingOf(user, left, at);
        if (missing.some((seq) => seq <= acked)) return true;
        unsure += missing.length;
        // One delivery that is tried again and again keeps `acked` where it is: more than are pending cannot be on their way.
        if (unsure > pending) return true;
      }
      return false;
    },
    async reached(user, at, written) {
      const newest = Math.max(...written);
      const before: Left[] = [];
      for await (const left of events.left(user, at.slot.projected ?? 0, newest))
        before.push(...left.filter(({ seq }) => !written.has(seq)));
      const missing = await missingOf(user, before, at);
      return missing.length === 0 ? newest : Math.min(...missing) - 1;
    },
  };
}

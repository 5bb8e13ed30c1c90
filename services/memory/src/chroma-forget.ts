// What is taken out of a user's memory for good: some of his records, or all of it.
import type { UserId } from '@troupe/contracts';
import type { Those } from './chroma-records.ts';
import { deleteThose, holdsAny, placeOf } from './chroma-records.ts';
import { ifThere } from './chroma-server.ts';
import { dropSlot, giveWay, readSlots } from './chroma-slots.ts';
import type { ChromaUsers } from './chroma-users.ts';
import type { Keyring } from './sealing/keyring.ts';
import type { UserSeal } from './sealing/user-seal.ts';
import type { Found } from './store.ts';

export interface ForgetOptions {
  readonly keyring: Pick<Keyring, 'find'>;
  readonly users: Pick<ChromaUsers, 'call' | 'forget'>;
}

/** Both throw what the server and the keyring throw. */
export interface Forget {
  /** Tells whether what remains is to be moved elsewhere: the user's memory wants to be rebuilt. */
  forget(user: UserId, which: (own: UserSeal) => Those): Promise<Pick<Found, 'rebuilding'>>;
  /** Both collections that this key names. */
  drop(user: UserId, own: UserSeal): Promise<void>;
}

export function createForget({ keyring, users }: ForgetOptions): Forget {
  const { call } = users;

  /** Whatever is known. Of an attempt that died behind the delete, `next` is left to tell that a rebuild is wanted. */
  async function forget(user: UserId, which: (own: UserSeal) => Those): Promise<Pick<Found, 'rebuilding'>> {
    const own = await keyring.find(user);
    if (own === undefined) return { rebuilding: false };
    const those = which(own);
    const slots = await call(user, (client) => readSlots(client, own));
    const each = [slots.current, slots.next].filter((slot) => slot !== undefined);
    const holding = each.map((slot) =>
      call(user, (client) => ifThere(holdsAny(placeOf(client, own, slot), those))),
    );
    if (!(await Promise.all(holding)).includes(true)) return { rebuilding: slots.next !== undefined };
    await call(user, (client) => giveWay(client, own, slots));
    for (const slot of each)
      await call(user, (client) => ifThere(deleteThose(placeOf(client, own, slot), those)));
    return { rebuilding: true };
  }

  async function drop(user: UserId, own: UserSeal): Promise<void> {
    users.forget(user);
    await call(user, async (client) => {
      await dropSlot(client, own, 'next');
      await dropSlot(client, own, 'current');
    });
  }

  return { forget, drop };
}

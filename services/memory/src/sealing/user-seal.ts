// Everything that is done with one user's data key: his records are sealed, and all that Chroma must know them by is a keyed hash. Whoever
// holds a UserSeal can neither name another user's collection nor open his records, whatever else he is given.
import { createSecretKey, hkdfSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { UserId, WorkflowId } from '@troupe/contracts';
import { keyedName, open, seal } from './seal.ts';

/** Where a record stands: what is sealed for one is opened at no other. Both are the names that the user's key gives them. */
export interface RecordPlace {
  readonly id: string;
  readonly workflow: string;
}

export type Slot = 'current' | 'next';

export interface UserSeal {
  /** The user's two collections: what is searched, and what takes its place once it is rebuilt with another embedding model. */
  collection(slot: Slot): string;
  /** A run's equal texts have one name. */
  record(memory: { readonly workflow: WorkflowId; readonly text: string }): string;
  workflow(workflow: WorkflowId): string;
  seal(place: RecordPlace, plain: string): string;
  /** Undefined for what was not sealed by this user's key for this place. */
  open(place: RecordPlace, sealed: string): string | undefined;
}

export function createUserSeal(user: UserId, dataKey: KeyObject): UserSeal {
  const sealing = derived(dataKey, 'seal');
  const naming = derived(dataKey, 'name');
  const placed = ({ id, workflow }: RecordPlace): string[] => [user, workflow, id];
  return {
    collection: (slot) => `memory_${keyedName(naming, ['collection', user, slot])}`,
    record: ({ workflow, text }) => keyedName(naming, ['record', workflow, text]),
    workflow: (workflow) => keyedName(naming, ['workflow', workflow]),
    seal: (place, plain) => seal(sealing, Buffer.from(plain), placed(place)),
    open: (place, sealed) => open(sealing, sealed, placed(place))?.toString(),
  };
}

/** A key of its own for each purpose, so that no output of one says anything to the other. */
const derived = (key: KeyObject, purpose: string): KeyObject =>
  createSecretKey(Buffer.from(hkdfSync('sha256', key, '', `troupe memory ${purpose}`, 32)));

// The store over a Chroma without a log: by default nothing is ever missing in it.
import type { ChromaStoreOptions } from '../chroma-store.ts';
import { createChromaStore } from '../chroma-store.ts';
import { createChromaServer } from '../chroma-server.ts';
import type { Keyring } from '../sealing/keyring.ts';
import type { MemoryStore } from '../store.ts';

export const NOTHING_MISSED: ChromaStoreOptions['events'] = {
  acked: () => Promise.resolve(0),
  missed: () => Promise.resolve(false),
};

export const storeAt = (
  url: string,
  keyring: Keyring,
  { timeoutMs = 5_000, events = NOTHING_MISSED } = {},
): MemoryStore => createChromaStore({ server: createChromaServer({ url, timeoutMs }), keyring, events });

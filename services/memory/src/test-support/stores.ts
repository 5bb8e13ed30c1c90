// The store over a Chroma without a log: by default nothing is ever missing in it.
import type { ChromaStoreOptions } from '../chroma-store.ts';
import { createChromaStore } from '../chroma-store.ts';
import { createChromaServer } from '../chroma-server.ts';
import type { Keyring } from '../sealing/keyring.ts';
import type { MemoryStore } from '../store.ts';

/** A log that has nothing. */
const NO_EVENTS: ChromaStoreOptions['events'] = {
  projected: () => Promise.resolve({ acked: 0, delivered: 0, pending: 0 }),
  any: () => Promise.resolve(false),
  async *left() {
    // Nothing was left.
  },
};

export const storeAt = (
  url: string,
  keyring: Keyring,
  { timeoutMs = 5_000, events = NO_EVENTS, forgotten = new Set<string>() } = {},
): MemoryStore =>
  createChromaStore({
    ...{ server: createChromaServer({ url, timeoutMs }), keyring, events },
    forgotten: () => Promise.resolve(forgotten),
  });

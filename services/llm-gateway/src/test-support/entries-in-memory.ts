// A bucket's entries without a server, for tests of what is decided with them; what the server does has tests of its own.
import type { Entries, Entry } from '@troupe/shared';

export interface EntriesInMemory extends Entries {
  /** While true nothing is read and nothing stored. */
  away: boolean;
}

export function entriesInMemory(): EntriesInMemory {
  const entries = new Map<string, Entry>();
  const callbacks = new Set<() => void>();
  let seq = 0;
  return {
    away: false,
    read(filter = '>') {
      if (this.away) return Promise.reject(new Error('away'));
      const all = [...entries];
      return Promise.resolve(new Map(filter === '>' ? all : all.filter(([name]) => name === filter)));
    },
    put(name, value, revision) {
      if (this.away) return Promise.resolve({ kind: 'unknown' });
      const last = entries.get(name)?.revision ?? 0;
      if (last !== revision) return Promise.resolve({ kind: 'wrong_last', last });
      seq += 1;
      entries.set(name, { value, revision: seq, storedAt: Date.now() });
      for (const callback of callbacks) callback();
      return Promise.resolve({ kind: 'stored', seq });
    },
    erase(name) {
      return Promise.resolve(Number(entries.delete(name)));
    },
    onChange(callback) {
      const knock = (): void => callback({ renewal: false });
      callbacks.add(knock);
      return { [Symbol.dispose]: () => void callbacks.delete(knock) };
    },
  };
}

// Turns many small writes into few larger ones: while a key's items are being written, what comes for that key waits and
// is written together. Nothing waits for company, the items of one key are never written by two at once, and only a few keys are written
// at a time: while a key waits for its turn, it gathers more.
import { AsyncLocalStorage } from 'node:async_hooks';
import { RetryableError } from '@troupe/shared';

interface Waiting<Item> {
  readonly item: Item;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
  /** Goes on in the context that the item came from: a batch is told of in the trace of its first item. */
  readonly within: (work: () => Promise<void>) => Promise<void>;
}

/**
 * Hands items to `write`, at most `most` at a time, and those of at most `keysAtOnce` keys at once; each promise settles as its item's write does. Items that cannot be
 * written together for a reason other than an outage are written one by one, so that a bad one fails alone.
 */
export function gatherByKey<Key, Item>(
  { most, keysAtOnce }: { readonly most: number; readonly keysAtOnce: number },
  write: (key: Key, items: readonly Item[]) => Promise<void>,
): (key: Key, item: Item) => Promise<void> {
  const queues = new Map<Key, Waiting<Item>[]>();
  const turns: (() => void)[] = [];
  let atWork = 0;

  async function inTurn(work: () => Promise<void>): Promise<void> {
    if (atWork >= keysAtOnce) await new Promise<void>((resolve) => turns.push(resolve));
    else atWork += 1;
    try {
      await work();
    } finally {
      // The place goes to whoever has waited longest, or is free.
      const next = turns.shift();
      if (next === undefined) atWork -= 1;
      else next();
    }
  }

  async function settle(key: Key, batch: readonly Waiting<Item>[]): Promise<void> {
    try {
      await write(
        key,
        batch.map(({ item }) => item),
      );
      for (const { resolve } of batch) resolve();
    } catch (error) {
      if (batch.length > 1 && !(error instanceof RetryableError)) {
        for (const one of batch) await settle(key, [one]);
      } else {
        for (const { reject } of batch) reject(error);
      }
    }
  }

  async function empty(key: Key, queue: Waiting<Item>[]): Promise<void> {
    for (let [first] = queue; first !== undefined; [first] = queue)
      await first.within(() => inTurn(() => settle(key, queue.splice(0, most))));
    queues.delete(key);
  }

  return (key, item) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiting = { item, resolve, reject, within: AsyncLocalStorage.snapshot() };
    const queue = queues.get(key);
    if (queue !== undefined) queue.push(waiting);
    else {
      const begun = [waiting];
      queues.set(key, begun);
      void empty(key, begun);
    }
    return promise;
  };
}

// A handler that is watched: what came to it, which attempt it was, and how many it had at once.
import type { ActorOptions, Delivery } from '@troupe/shared';

export const textOf = ({ body }: Delivery): string => new TextDecoder().decode(body);

/** Handles like `handle` and writes down what came, and how many at once. */
export function observed(handle: ActorOptions['handle']) {
  const seen: string[] = [];
  const busy = { now: 0, most: 0 };
  const observing: ActorOptions['handle'] = async (delivery, signal) => {
    seen.push(`${textOf(delivery)}#${delivery.attempt}`);
    busy.now += 1;
    busy.most = Math.max(busy.most, busy.now);
    try {
      await handle(delivery, signal);
    } finally {
      busy.now -= 1;
    }
  };
  return { seen, busy, handle: observing };
}

// Work that nobody waits for any more is stopped. `agents.abort.<user>.<workflow>` is only a knock: whether the work is still wanted
// stands in the log, so a forged message stops nothing, and one that was lost is made up for by looking now and then.
import type { NatsConnection } from 'nats';
import type { WorkflowKey } from '@troupe/contracts';
import { abortFilter, abortSubject, parseAbortSubject } from '@troupe/contracts';
import { SendBuffer } from './nats/send-buffer.ts';

/** How often work in progress is looked up without a knock. */
const LOOK_EVERY_MS = 10_000;
/** After a look that failed (the server is away, a replica lags); twice as long after each that follows, since every call in hand looks. */
const LOOK_AGAIN_MS = 250;
const LOOK_AGAIN_MOST_MS = 5_000;
/** Anybody may knock as often as they like; it must not become a flood of reads. */
const LOOKS_APART_MS = 50;

/** Thrown inside work whose request is settled: its result would be late. */
export class NoLongerWanted extends Error {
  override name = 'NoLongerWanted';
}

export interface Aborts {
  /** Tells every process that work for this workflow may be in vain. Not stored; what must hold stands in the log. */
  knock(key: WorkflowKey): void;
  /**
   * Watches work for `key` until disposed: `isSettled` looks into the log, on a knock and now and then; once it says so, the signal
   * aborts with NoLongerWanted. Whoever reads the log once more before the work begins reads it after this: what is settled between
   * that read and the watch would be told by a knock that nobody hears.
   */
  watch(key: WorkflowKey, isSettled: () => Promise<boolean>): Disposable & { readonly signal: AbortSignal };
}

export function createAborts(connection: NatsConnection, { lookEveryMs = LOOK_EVERY_MS } = {}): Aborts {
  const watches = new Map<string, Set<() => void>>();
  const idOf = ({ user, workflow }: WorkflowKey): string => `${user}/${workflow}`;
  let listening = false;

  function listen(): void {
    if (listening) return;
    listening = true;
    connection.subscribe(abortFilter, {
      callback: (error, message) => {
        const key = error === null ? parseAbortSubject(message.subject) : undefined;
        if (key !== undefined) for (const look of watches.get(idOf(key)) ?? []) look();
      },
    });
  }

  return {
    knock(key) {
      SendBuffer.of(connection).send(abortSubject(key), '');
    },
    watch(key, isSettled) {
      listen();
      const controller = new AbortController();
      const looker = createLooker({
        isSettled,
        onSettled: () =>
          controller.abort(new NoLongerWanted('The request is settled; its result would be late.')),
        everyMs: lookEveryMs,
      });
      const id = idOf(key);
      const here = watches.get(id) ?? new Set();
      watches.set(id, here.add(looker.look));
      return {
        signal: controller.signal,
        [Symbol.dispose]() {
          looker[Symbol.dispose]();
          here.delete(looker.look);
          if (here.size === 0 && watches.get(id) === here) watches.delete(id);
        },
      };
    },
  };
}

const pauseBehind = (failedLooks: number): number =>
  Math.min(LOOK_AGAIN_MOST_MS, LOOK_AGAIN_MS * 2 ** (failedLooks - 1));

/** One look at a time; a knock during a look is followed by another one, since what it told of may be newer than what was read. */
function createLooker(options: {
  readonly isSettled: () => Promise<boolean>;
  readonly onSettled: () => void;
  readonly everyMs: number;
}): Disposable & { readonly look: () => void } {
  const { isSettled, onSettled, everyMs } = options;
  let timer: NodeJS.Timeout | undefined;
  let knocks = 0;
  let looking = false;
  let over = false;
  /** In a row. */
  let failedLooks = 0;
  /** Before this no look begins, however often somebody knocks. */
  let rests = 0;

  let due = Number.POSITIVE_INFINITY;
  const lookIn = (ms: number): void => {
    const at = performance.now() + ms;
    // A flood of knocks must not put off the look that each of them asks for.
    if (at >= due) return;
    clearTimeout(timer);
    due = at;
    timer = setTimeout(() => void look(), ms);
    timer.unref();
  };
  const end = (): void => {
    over = true;
    clearTimeout(timer);
  };
  async function look(): Promise<void> {
    const heard = knocks;
    looking = true;
    due = Number.POSITIVE_INFINITY;
    let settled: boolean | undefined;
    try {
      settled = await isSettled();
    } catch {
      settled = undefined;
    }
    looking = false;
    if (over) return;
    if (settled === true) {
      end();
      onSettled();
      return;
    }
    rests = performance.now() + LOOKS_APART_MS;
    failedLooks = settled === undefined ? failedLooks + 1 : 0;
    if (knocks > heard) lookIn(LOOKS_APART_MS);
    else lookIn(failedLooks > 0 ? pauseBehind(failedLooks) : everyMs);
  }
  lookIn(everyMs);
  return {
    look() {
      knocks += 1;
      if (!looking && !over) lookIn(Math.max(0, rests - performance.now()));
    },
    [Symbol.dispose]: end,
  };
}

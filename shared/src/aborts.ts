// Work that nobody waits for any more is stopped. `agents.abort.<user>.<workflow>` is only a knock: whether the work is still wanted
// stands in the log, so a forged message stops nothing, and one that was lost is made up for by looking now and then.
import type { NatsConnection } from 'nats';
import type { WorkflowKey } from '@troupe/contracts';
import { abortFilter, abortSubject, parseAbortSubject } from '@troupe/contracts';

/** How often work in progress is looked up without a knock. */
const LOOK_EVERY_MS = 10_000;
/** After a look that failed (the server is away, a replica lags). */
const LOOK_AGAIN_MS = 250;

/** Thrown inside work whose request is settled: its result would be late. */
export class NoLongerWanted extends Error {
  override name = 'NoLongerWanted';
}

export interface Aborts {
  /** Tells every process that work for this workflow may be in vain. Not stored; what must hold stands in the log. */
  knock(key: WorkflowKey): void;
  /**
   * Watches work for `key` until disposed: `isSettled` looks into the log, on a knock and now and then; once it says so, the signal
   * aborts with NoLongerWanted.
   */
  watch(key: WorkflowKey, isSettled: () => Promise<boolean>): Disposable & { readonly signal: AbortSignal };
}

export function createAborts(connection: NatsConnection): Aborts {
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
      if (!connection.isClosed()) connection.publish(abortSubject(key));
    },
    watch(key, isSettled) {
      listen();
      const controller = new AbortController();
      const looker = createLooker(isSettled, () =>
        controller.abort(new NoLongerWanted('The request is settled; its result would be late.')),
      );
      const id = idOf(key);
      const here = watches.get(id) ?? new Set();
      watches.set(id, here.add(looker.look));
      return {
        signal: controller.signal,
        [Symbol.dispose]() {
          looker[Symbol.dispose]();
          here.delete(looker.look);
          if (here.size === 0) watches.delete(id);
        },
      };
    },
  };
}

/** One look at a time; a knock during a look is followed by another one, since what it told of may be newer than what was read. */
function createLooker(
  isSettled: () => Promise<boolean>,
  onSettled: () => void,
): Disposable & { readonly look: () => void } {
  let timer: NodeJS.Timeout | undefined;
  let state: 'waiting' | 'looking' | 'knocked' | 'over' = 'waiting';

  const over = (): boolean => state === 'over';
  const after = (ms: number): void => {
    clearTimeout(timer);
    timer = setTimeout(look, ms);
    timer.unref();
  };
  const end = (): void => {
    state = 'over';
    clearTimeout(timer);
  };
  async function lookOnce(): Promise<void> {
    state = 'looking';
    let next = LOOK_EVERY_MS;
    try {
      if (await isSettled()) {
        if (over()) return;
        end();
        onSettled();
        return;
      }
    } catch {
      next = LOOK_AGAIN_MS;
    }
    if (over()) return;
    if ((state as string) === 'knocked') return lookOnce();
    state = 'waiting';
    after(next);
  }
  function look(): void {
    if (state === 'waiting') void lookOnce();
    else if (state === 'looking') state = 'knocked';
  }
  after(LOOK_EVERY_MS);
  return { look, [Symbol.dispose]: end };
}

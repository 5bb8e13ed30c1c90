// The queue before each target: a call gets a place at once while there is one, otherwise it waits in the order of fair-queue.ts, or is
// told by the rules of shed.ts that it would wait in vain. How many places there are is limit.ts's word. Nothing here knows providers.
import type { Admission, Admitted, Ticket, Turn } from './admission.ts';
import type { Waiting } from './fair-queue.ts';
import { FairQueue } from './fair-queue.ts';
import type { Limit } from './limit.ts';
import { adapted, limitOf } from './limit.ts';
import type { Load, ShedReason } from './shed.ts';
import { shedReason, waitMs, withSample } from './shed.ts';

export interface AdmissionOptions {
  /** Calls at once per target that are never exceeded. */
  readonly cap: number;
  /** Milliseconds on a clock that only goes on. */
  readonly now: () => number;
  readonly onWait: (ms: number) => void;
  readonly onShed: (reason: ShedReason) => void;
  /** The calls that a target takes at once have changed. */
  readonly onLimit?: (target: string, calls: number) => void;
  /** Nobody who is shed is sent away for less, in milliseconds. */
  readonly retryAfterMs?: number;
}

type Settings = Required<Omit<AdmissionOptions, 'onLimit'>> & { readonly onLimit: (calls: number) => void };

/** A queue of its own for every target. */
export function createAdmission(options: AdmissionOptions): Admission {
  const { onLimit, retryAfterMs = 1_000 } = options;
  const queues = new Map<string, TargetQueue>();
  return {
    async enter(target, ticket) {
      ticket.signal.throwIfAborted();
      let queue = queues.get(target);
      if (queue === undefined) {
        const tell = (calls: number): void => onLimit?.(target, calls);
        queue = new TargetQueue({ ...options, retryAfterMs, onLimit: tell });
        queues.set(target, queue);
      }
      return queue.enter(ticket);
    },
  };
}

class TargetQueue {
  readonly #settings: Settings;
  /** What waits is begun by calling it. */
  readonly #queue = new FairQueue<() => void>();
  #limit: Limit;
  #running = 0;
  #serviceMs: number | undefined;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#limit = limitOf(settings.cap);
  }

  enter(ticket: Ticket): Promise<Admitted> {
    const { now } = this.#settings;
    const { user, tokens, leftMs, signal } = ticket;
    const cameAt = now();
    const startBy = cameAt + leftMs - (this.#serviceMs ?? 0);
    // A free place is never refused: it is also how a target that has become faster is noticed.
    const reason = this.#isFull() ? shedReason(this.#loadFor(user, startBy), leftMs) : undefined;
    if (reason !== undefined) return Promise.resolve(this.#shed(reason, user, startBy));

    return new Promise((resolve, reject) => {
      const leave = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', abort);
      };
      const begin = (): void => {
        leave();
        this.#settings.onWait(now() - cameAt);
        resolve({ kind: 'admitted', turn: this.#begin(waiting) });
      };
      const abort = (): void => {
        leave();
        this.#queue.remove(waiting);
        reject(signal.reason as Error);
      };
      const expire = (): void => {
        leave();
        this.#queue.remove(waiting);
        resolve(this.#shed('out_of_time', user, startBy));
      };
      const waiting: Waiting<() => void> = { user, tokens, startBy, call: begin };
      const timer = setTimeout(expire, Math.max(0, startBy - cameAt));
      signal.addEventListener('abort', abort, { once: true });
      this.#queue.add(waiting);
      this.#dispatch();
    });
  }

  #begin(waiting: Waiting<() => void>): Turn {
    const beganAt = this.#settings.now();
    const { round } = this.#limit;
    let over = false;
    return {
      done: (signal, usedTokens) => {
        if (over) return;
        over = true;
        const before = this.#limit.calls;
        this.#limit = adapted(this.#limit, { signal, round, full: this.#running >= before });
        if (this.#limit.calls !== before) this.#settings.onLimit(this.#limit.calls);
        // How long an answer takes: what was never sent, or failed at once, says nothing of it.
        if (signal === 'good') this.#serviceMs = withSample(this.#serviceMs, this.#settings.now() - beganAt);
        this.#running -= 1;
        this.#queue.over(waiting, signal === 'throttled' ? 0 : usedTokens);
        this.#dispatch();
      },
    };
  }

  #dispatch(): void {
    while (this.#running < this.#limit.calls) {
      const waiting = this.#queue.next();
      if (waiting === undefined) return;
      this.#running += 1;
      waiting.call();
    }
  }

  #shed(reason: ShedReason, user: string, startBy: number): Admitted {
    this.#settings.onShed(reason);
    const wait = waitMs(this.#loadFor(user, startBy));
    return { kind: 'shed', retryAfterMs: Math.ceil(Math.max(this.#settings.retryAfterMs, wait)) };
  }

  #isFull(): boolean {
    return this.#running >= this.#limit.calls;
  }

  #loadFor(user: string, startBy: number): Load {
    return {
      calls: this.#limit.calls,
      waiting: this.#queue.size,
      ahead: this.#queue.ahead(user, startBy),
      serviceMs: this.#serviceMs,
    };
  }
}

// Work that runs beside other work, and work that runs alone. What must be alone waits for what is going on, and holds back what comes;
// not for long, however many there are of its kind: between two of them what was held back has its turn.
import { setImmediate as turn } from 'node:timers/promises';

/** Works that are alone follow each other for so long; then what they held back goes on first. */
const HELD_MS = 1_000;

interface Held {
  readonly since: number;
  readonly over: PromiseWithResolvers<void>;
}

export class Isolation {
  readonly #heldMs: number;
  #going = 0;
  /** Works that are to be alone, each behind the one before. */
  #alone = 0;
  #last: Promise<void> = Promise.resolve();
  /** Set while what comes is held back. */
  #held: Held | undefined;
  #quiet: (() => void) | undefined;

  constructor(heldMs = HELD_MS) {
    this.#heldMs = heldMs;
  }

  /** Runs `work` at once, unless something is alone or next to be. */
  async beside(work: () => Promise<void>): Promise<void> {
    while (this.#held !== undefined) await this.#held.over.promise;
    this.#going += 1;
    try {
      await work();
    } finally {
      this.#going -= 1;
      if (this.#going === 0) this.#quiet?.();
    }
  }

  /** Runs `work` when nothing else is going on; nothing begins before it is over. Beside others where `isCrowd` says so by then. */
  async alone(work: () => Promise<void>, isCrowd: () => boolean = () => false): Promise<void> {
    this.#alone += 1;
    const before = this.#last;
    const over = Promise.withResolvers<void>();
    this.#last = over.promise;
    await before;
    if (!isCrowd()) await this.#holdBack();
    const isAlone = !isCrowd();
    try {
      if (isAlone) await work();
    } finally {
      this.#alone -= 1;
      this.#letGo();
      over.resolve();
    }
    if (!isAlone) await this.beside(work);
  }

  #letGo(): void {
    if (this.#held === undefined) return;
    if (this.#alone > 0 && performance.now() - this.#held.since < this.#heldMs) return;
    const { over } = this.#held;
    this.#held = undefined;
    over.resolve();
  }

  /** Resolves when nothing is going on. */
  async #holdBack(): Promise<void> {
    // What was held back until now begins before it is held back again.
    if (this.#held === undefined) await turn();
    this.#held ??= { since: performance.now(), over: Promise.withResolvers() };
    if (this.#going > 0) {
      await new Promise<void>((resolve) => {
        this.#quiet = resolve;
      });
    }
    this.#quiet = undefined;
  }
}

// Work that runs beside other work, and work that runs alone. What must be alone waits for what is going on, and holds back what comes.

export class Isolation {
  #going = 0;
  /** Set while something waits to be alone, or is: settles with the last of it. */
  #alone: Promise<void> | undefined;
  #quiet: (() => void) | undefined;

  /** Runs `work` at once, unless something is alone or waits to be. */
  async beside(work: () => Promise<void>): Promise<void> {
    while (this.#alone !== undefined) await this.#alone;
    this.#going += 1;
    try {
      await work();
    } finally {
      this.#going -= 1;
      if (this.#going === 0) this.#quiet?.();
    }
  }

  /** Runs `work` when nothing else is going on; nothing begins before it is over. */
  async alone(work: () => Promise<void>): Promise<void> {
    const before = this.#alone;
    const over = Promise.withResolvers<void>();
    this.#alone = over.promise;
    await before;
    if (this.#going > 0) {
      await new Promise<void>((resolve) => {
        this.#quiet = resolve;
      });
    }
    this.#quiet = undefined;
    try {
      await work();
    } finally {
      if (this.#alone === over.promise) this.#alone = undefined;
      over.resolve();
    }
  }
}

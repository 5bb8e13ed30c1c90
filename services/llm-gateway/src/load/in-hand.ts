// How much of what was pulled ahead is in memory: a call waits before its conversation is loaded until there is room for one more. What a
// conversation weighs is known only when it is loaded, so few are loaded at once, and the bound is exceeded by those few at most. Whose
// turn at a target is next is not decided here (queue.ts).

export interface Room {
  /** With as many characters in hand nothing more is loaded. */
  readonly characters: number;
  /** Loads at once. */
  readonly loads: number;
}

/** Disposed when the call is over: from then on it takes no room. */
export interface Held<T> extends Disposable {
  readonly value: T;
}

export class InHand {
  readonly #room: Room;
  /** In the order in which they came; each begins by being called. */
  readonly #waiting = new Set<() => void>();
  #loading = 0;
  #characters = 0;

  constructor(room: Room) {
    this.#room = room;
  }

  /** Loads when there is room. Rejects with what `load` throws, or while it waits with the signal's reason. */
  async hold<T>(
    load: () => Promise<T>,
    charactersIn: (value: T) => number,
    signal: AbortSignal,
  ): Promise<Held<T>> {
    await this.#turn(signal);
    try {
      const value = await load();
      return { value, [Symbol.dispose]: this.#take(charactersIn(value)) };
    } finally {
      this.#loading -= 1;
      this.#admit();
    }
  }

  /** Gives what it takes back when it is called, once. */
  #take(characters: number): () => void {
    let held = characters;
    this.#characters += held;
    return () => {
      this.#characters -= held;
      held = 0;
      this.#admit();
    };
  }

  #turn(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#waiting.delete(begin);
        signal.removeEventListener('abort', abort);
      };
      const begin = (): void => {
        leave();
        this.#loading += 1;
        resolve();
      };
      const abort = (): void => {
        leave();
        reject(signal.reason as Error);
      };
      signal.addEventListener('abort', abort, { once: true });
      this.#waiting.add(begin);
      this.#admit();
    });
  }

  #admit(): void {
    for (const begin of this.#waiting) {
      if (this.#loading >= this.#room.loads || this.#characters >= this.#room.characters) return;
      begin();
    }
  }
}

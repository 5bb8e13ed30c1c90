// A bounded wait that can be prolonged: aborts its signal when time is up or when the outer signal aborts, whichever comes
// first. It listens by hand instead of AbortSignal.any, since the outer signal lives as long as the process.

export class Timer implements Disposable {
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal | undefined;
  #timeout: NodeJS.Timeout;
  #ms: number;
  #endsAt: number;
  #expired = false;

  constructor(ms: number, outer?: AbortSignal) {
    this.#outer = outer;
    this.#ms = ms;
    this.#endsAt = performance.now() + ms;
    this.#timeout = setTimeout(this.#expire, ms);
    outer?.addEventListener('abort', this.#pass, { once: true });
    if (outer?.aborted) this.#pass();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Whether time ran out; false when the outer signal came first. */
  get expired(): boolean {
    return this.#expired;
  }

  get leftMs(): number {
    return Math.max(0, this.#endsAt - performance.now());
  }

  /** Begins anew with `ms`; without effect once the signal is aborted. */
  restart(ms: number): void {
    if (this.signal.aborted) return;
    this.#endsAt = performance.now() + ms;
    // For every part of a stream: nothing is made anew where only the time starts again.
    if (ms === this.#ms) {
      this.#timeout.refresh();
      return;
    }
    clearTimeout(this.#timeout);
    this.#ms = ms;
    this.#timeout = setTimeout(this.#expire, ms);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timeout);
    this.#outer?.removeEventListener('abort', this.#pass);
  }

  readonly #expire = (): void => {
    if (this.signal.aborted) return;
    this.#expired = true;
    this.#controller.abort(new Error('time is up'));
  };

  readonly #pass = (): void => this.#controller.abort(this.#outer?.reason);
}

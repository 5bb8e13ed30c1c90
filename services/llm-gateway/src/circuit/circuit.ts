// The circuit breaker of one target (provider and model), as whoever calls it sees it.

/**
 * What a call said about the target. `slow`: it was silent for too long, which counts half. `unknown`: nothing (a 429, the caller's
 * fault, an abort); it gives a probe back without a verdict.
 */
export type Health = 'good' | 'bad' | 'slow' | 'unknown';

/** Leave to make one call. */
export interface Permit {
  /** The one call that decides whether an open circuit closes: nobody retries behind it. */
  readonly probe: boolean;
  /** Once per permit; more are ignored, and so is what comes after the circuit has changed its state meanwhile. */
  report(health: Health): void;
}

export type CircuitAnswer =
  | { readonly kind: 'permitted'; readonly permit: Permit }
  /** Asking again before that is of no use. */
  | { readonly kind: 'open'; readonly retryAfterMs: number };

export interface Circuit {
  /** Without I/O while the circuit is closed or open; a probe's lease is asked for, bounded. Never rejects. */
  ask(): Promise<CircuitAnswer>;
}

export interface Circuits {
  /** The circuit of `provider/model`. */
  of(target: string): Circuit;
}

// Failures by kind. Where a failure is known, its kind is decided; the actor loop alone turns a kind into ack, nak, dead
// letter. An expected failure of the work itself is none of these: it is a value in the outcome event.
import type { Failure } from '@troupe/contracts';

/** Characters that the contract of a failure allows each of its texts. */
const FAILURE_TEXT = 2_000;

/** May succeed later: redelivered with a delay, a bounded number of times. */
export class RetryableError extends Error {
  override name = 'RetryableError';
  readonly code: string;
  readonly retryAfterMs: number | undefined;
  constructor(code: string, message: string, options: { retryAfterMs?: number; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.code = code;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** Will never succeed: dead-lettered at once, with what happened, why, and what to do. */
export class TerminalError extends Error {
  override name = 'TerminalError';
  readonly failure: Failure;
  constructor(failure: Failure, options: { cause?: unknown } = {}) {
    super(`${failure.code}: ${failure.message}`, options);
    this.failure = bounded(failure);
  }
}

/** Something outside must be mended before the process can start; `main` prints it and exits. */
export class StartupError extends Error {
  override name = 'StartupError';
  readonly failure: Failure;
  constructor(failure: Failure, options: { cause?: unknown } = {}) {
    super(`${failure.code}: ${failure.message} ${failure.hint}`, options);
    this.failure = failure;
  }
}

/** What a contract takes of a failure: what somebody else wrote into it may be of any length. */
export function bounded({ code, message, hint }: Failure): Failure {
  return { code, message: message.slice(0, FAILURE_TEXT), hint: hint.slice(0, FAILURE_TEXT) };
}

/** What to say of a thrown value that is none of the above: a bug. */
export function describeBug(error: unknown): Failure {
  const message = error instanceof Error ? error.message : String(error);
  return {
    code: 'internal_error',
    message: message.slice(0, 500),
    hint: 'This is a bug in the service; its log has the stack. The message was tried several times.',
  };
}

// What went wrong, as one of few words: spans and metrics hold a stable code, never a message.
import { RetryableError, TerminalError } from '../errors.ts';

export function errorTypeOf(error: unknown): string {
  if (error instanceof RetryableError) return error.code;
  if (error instanceof TerminalError) return error.failure.code;
  return error instanceof Error ? error.name : 'unknown';
}

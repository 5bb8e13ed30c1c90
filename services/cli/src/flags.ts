// The flags that several commands share, and how their values are read.
import { UserId, WorkflowId } from '@troupe/contracts';
import type { z } from 'zod';
import type { Flag, Given } from './command.ts';
import { UsageError } from './command.ts';

export const USER: Flag = { value: 'id', says: 'whose runs (default: local)' };
export const WHOSE_MEMORY: Flag = { value: 'id', says: 'whose memory (default: local)' };
export const JSON_LINES: Flag = { says: 'print JSON, one object a line' };

/** Throws UsageError, as all of these. */
export const userOf = (given: Given): UserId => parsed(UserId, given.text('user') ?? 'local', '--user');
export const workflowOf = (text: string): WorkflowId => parsed(WorkflowId, text, 'The workflow id');

export interface Range {
  readonly min: number;
  readonly max: number;
  readonly byDefault: number;
}

export function numberOf(given: Given, flag: string, range: Range): number {
  const text = given.text(flag);
  if (text === undefined) return range.byDefault;
  const value = Number(text);
  if (/^\d*\.?\d+$/.test(text) && value >= range.min && value <= range.max) return value;
  throw new UsageError(
    `--${flag} must be a number from ${range.min} to ${range.max}.`,
    'Correct it, or leave it out.',
  );
}

/**
 * How long a command waits, by --timeout: `signal` aborts after `seconds`, or when the person interrupts. Not by AbortSignal.any: of two such
 * signals over one source the second lost its timeout when garbage was collected (Node 24.21), and the command never ended.
 */
export function waiting(
  given: Given,
  interrupted: AbortSignal,
  range: Range,
): { readonly seconds: number; readonly signal: AbortSignal } {
  const seconds = numberOf(given, 'timeout', range);
  const over = new AbortController();
  const interrupt = (): void => over.abort(interrupted.reason);
  if (interrupted.aborted) interrupt();
  else interrupted.addEventListener('abort', interrupt, { once: true });
  const late = (): void => over.abort(new DOMException('It took too long.', 'TimeoutError'));
  setTimeout(late, seconds * 1_000).unref();
  return { seconds, signal: over.signal };
}

function parsed<Schema extends z.ZodType>(schema: Schema, text: string, what: string): z.infer<Schema> {
  const result = schema.safeParse(text);
  if (result.success) return result.data;
  throw new UsageError(`${what} ${result.error.issues[0]?.message ?? 'is wrong'}.`, 'Correct it.');
}

// One attempt at one call: bounded in time, and for `once` announced in the log before it acts. What was to be expected comes
// back as a value; only faults of our infrastructure are thrown, so that the delivery comes again.
import type { Json, ToolEffect } from '@troupe/contracts';
import { describeBug, RetryableError } from '@troupe/shared';
import type { ToolCall, ToolContext } from './tool.ts';
import { OutputError, ToolError } from './tool.ts';

export type Performed =
  | { readonly kind: 'done'; readonly output: Json }
  | { readonly kind: 'failed'; readonly error: ToolError }
  /** The request was closed before the act: nothing was done, and nothing is to be told. */
  | { readonly kind: 'closed' };

export interface Attempt {
  readonly tool: string;
  readonly call: ToolCall;
  /** Its signal is the draining of the process; the call's own ends with the timeout as well. */
  readonly context: ToolContext;
  readonly timeoutMs: number;
  /** Of this attempt alone: tells its own intent from another attempt's. */
  readonly token: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Throws RetryableError (again later) and whatever is a bug before the act. */
export async function perform(attempt: Attempt): Promise<Performed> {
  const { call, context } = attempt;
  if (call.effect !== 'once') return bounded(attempt, (inTime) => call.run(inTime));
  const written = await context.write('tool.started', 'started', {
    tool: attempt.tool,
    token: attempt.token,
  });
  switch (written.kind) {
    case 'closed':
      return { kind: 'closed' };
    case 'appended':
      return bounded(attempt, (inTime) => call.run(inTime));
    case 'present': {
      const { event } = written;
      // The intent is ours if the answer to our own write was lost on the way.
      if (event.type === 'tool.started' && event.data.token === attempt.token)
        return bounded(attempt, (inTime) => call.run(inTime));
      return startedByAnother(attempt, event.storedAt);
    }
  }
}

/** Somebody announced the act and perhaps did it: it is never done again, only asked about. */
async function startedByAnother(attempt: Attempt, startedAt: number): Promise<Performed> {
  const { tool, timeoutMs, now } = attempt;
  const leftMs = startedAt + timeoutMs - now();
  if (leftMs > 0) {
    // It may still be at work, and then its result is better than "unknown".
    throw new RetryableError('effect_in_progress', `Another attempt at ${tool} may still be acting.`, {
      retryAfterMs: Math.min(leftMs, timeoutMs),
    });
  }
  return bounded(attempt, async (inTime) => {
    const found = await attempt.call.reconcile(inTime);
    switch (found.kind) {
      case 'done':
        return found.output;
      case 'not_done':
        throw new ToolError(
          {
            code: 'interrupted',
            message: `${tool} was interrupted before it acted.`,
            hint: 'Call it again.',
          },
          { retryable: true },
        );
      case 'unknown':
        throw new ToolError(
          {
            code: 'outcome_unknown',
            message: `${tool} was interrupted after it was started, and it may have acted. It was not done again.`,
            hint: 'Find out whether it happened, or ask the user, before calling it again.',
          },
          { outcome: 'unknown' },
        );
    }
  });
}

async function bounded(attempt: Attempt, act: (inTime: ToolContext) => Promise<Json>): Promise<Performed> {
  const { context, call, tool, timeoutMs } = attempt;
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(timedOut(tool, timeoutMs, call.effect)), timeoutMs);
  const signal = AbortSignal.any([context.signal, timeout.signal]);
  try {
    const acting = act({ ...context, signal });
    // What the tool does after it was given up is nobody's business; it saw its signal abort.
    acting.catch(() => undefined);
    return { kind: 'done', output: await Promise.race([acting, aborted(signal)]) };
  } catch (error) {
    // A draining process tells nothing: the delivery comes again elsewhere.
    context.signal.throwIfAborted();
    if (timeout.signal.aborted) return { kind: 'failed', error: timeout.signal.reason as ToolError };
    if (error instanceof ToolError) return { kind: 'failed', error };
    // It acted, and would return the same again.
    if (error instanceof OutputError)
      return { kind: 'failed', error: new ToolError(describeBug(error), { outcome: ofCutOff(call.effect) }) };
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => {
    const stop = (): void => reject(signal.reason as Error);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });

const timedOut = (tool: string, timeoutMs: number, effect: ToolEffect): ToolError =>
  new ToolError(
    {
      code: 'tool_timeout',
      message: `${tool} took longer than ${timeoutMs / 1_000} s and was stopped.`,
      hint: 'Ask for less in one call, or try again later.',
    },
    { retryable: effect !== 'once', outcome: ofCutOff(effect) },
  );

/** Whether an act that was cut off may have happened in a way that matters. */
const ofCutOff = (effect: ToolEffect): 'not_done' | 'unknown' => (effect === 'once' ? 'unknown' : 'not_done');

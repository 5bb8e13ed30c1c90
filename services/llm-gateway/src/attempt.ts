// One provider call under our own timers: the SDKs wait for ever on a stalled stream, and end an aborted one as if it were
// finished. What comes out is always one of three things; only a bug of ours is thrown.
import type { ModelUsage } from '@troupe/contracts';
import type { Progress } from './generation.ts';
import { faultOf, ProviderError } from './providers/fault-of.ts';
import type { ProviderFault } from './rules/fault.ts';
import { Timer } from './timer.ts';

/** What came of an answer that never became whole. */
export interface Unfinished {
  /** As the provider reported it. */
  readonly used: Partial<ModelUsage>;
  /** Characters that the model wrote, whether or not they were shown. */
  readonly received: number;
}

export type Attempt<T> =
  | { readonly kind: 'answered'; readonly value: T }
  | ({ readonly kind: 'failed'; readonly fault: ProviderFault } & Unfinished)
  /** The caller left: nothing is known about the provider. */
  | ({ readonly kind: 'abandoned' } & Unfinished);

/** All milliseconds. */
export interface AttemptLimits {
  /** Until anything comes from the provider. */
  readonly firstByte: number;
  /** From the beginning until the first part of the answer, and between two parts as long as none of them was text. */
  readonly firstContent: number;
  /** Between two parts of the answer, once its text has begun: a model that thinks is silent before that. */
  readonly idle: number;
  readonly total: number;
  /** Once the answer is whole. */
  readonly endOfStream: number;
}

/** Of one answer. No model writes as much: whoever does repeats itself for ever. */
const MAX_CHARACTERS = 8 * 1_024 * 1_024;

export interface AttemptOptions {
  readonly limits: AttemptLimits;
  readonly signal: AbortSignal;
  /** What the answer's text grew by. */
  readonly onText?: ((delta: string) => void) | undefined;
}

/** Runs `work` until it answers, fails, exceeds one of its limits, or `signal` aborts. */
export async function attempt<T>(
  work: (progress: Progress) => Promise<T>,
  { limits, signal, onText }: AttemptOptions,
): Promise<Attempt<T>> {
  const endsAt = performance.now() + limits.total;
  const within = (ms: number): number => Math.min(ms, Math.max(0, endsAt - performance.now()));
  using timer = new Timer(within(limits.firstByte), signal);
  let waitingFor = 'first_byte' as 'first_byte' | 'first_content' | 'more_content' | 'end';
  let used: Partial<ModelUsage> = {};
  let received = 0;
  let textBegan = false;
  const startedAt = performance.now();
  const progress: Progress = {
    signal: timer.signal,
    bytes() {
      if (waitingFor !== 'first_byte') return;
      waitingFor = 'first_content';
      timer.restart(within(limits.firstContent - (performance.now() - startedAt)));
    },
    content({ written, text }) {
      received += written;
      if (received > MAX_CHARACTERS) throw new ProviderError({ kind: 'malformed' });
      if (waitingFor === 'end') return;
      waitingFor = 'more_content';
      textBegan ||= text !== undefined && text !== '';
      timer.restart(within(textBegan ? limits.idle : limits.firstContent));
      if (text !== undefined) onText?.(text);
    },
    used(reported) {
      used = { ...used, ...reported };
    },
    whole() {
      if (waitingFor !== 'end') timer.restart(within(limits.endOfStream));
      waitingFor = 'end';
    },
  };
  try {
    return { kind: 'answered', value: await work(progress) };
  } catch (error) {
    if (signal.aborted) return { kind: 'abandoned', used, received };
    if (timer.expired && waitingFor !== 'end') {
      const isOver = performance.now() >= endsAt - 1;
      const fault = { kind: 'timeout', waitingFor: isOver ? 'whole_answer' : waitingFor } as const;
      return { kind: 'failed', fault, used, received };
    }
    const fault = faultOf(error, Date.now());
    if (fault === undefined) throw error;
    return { kind: 'failed', fault, used, received };
  }
}

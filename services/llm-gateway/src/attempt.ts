// One provider call under our own timers: the SDKs wait for ever on a stalled stream, and end an aborted one as if it were
// finished. What comes out is always one of three things; only a bug of ours is thrown.
import type { Progress } from './generation.ts';
import { faultOf } from './providers/fault-of.ts';
import type { ProviderFault } from './rules/fault.ts';
import { Timer } from './timer.ts';

export type Attempt<T> =
  | { readonly kind: 'answered'; readonly value: T }
  | { readonly kind: 'failed'; readonly fault: ProviderFault }
  /** The caller left: nothing is known about the provider. */
  | { readonly kind: 'abandoned' };

/** How long a provider may keep a stream open behind its last event before we hang up: the answer is whole already. */
const END_OF_STREAM_MS = 250;

/** Runs `work` until it answers, fails, is silent for `contentTimeoutMs`, or `signal` aborts. */
export async function attempt<T>(
  work: (progress: Progress) => Promise<T>,
  contentTimeoutMs: number,
  signal: AbortSignal,
): Promise<Attempt<T>> {
  using timer = new Timer(contentTimeoutMs, signal);
  let waitingFor: 'first_content' | 'more_content' = 'first_content';
  const progress: Progress = {
    signal: timer.signal,
    content() {
      waitingFor = 'more_content';
      timer.restart(contentTimeoutMs);
    },
    whole: () => timer.restart(END_OF_STREAM_MS),
  };
  try {
    return { kind: 'answered', value: await work(progress) };
  } catch (error) {
    if (timer.expired) return { kind: 'failed', fault: { kind: 'timeout', waitingFor } };
    if (signal.aborted) return { kind: 'abandoned' };
    const fault = faultOf(error, Date.now());
    if (fault === undefined) throw error;
    return { kind: 'failed', fault };
  }
}

// memory.requested -> memory.completed | memory.failed. Without its memory a run is poorer, not stuck: a store that is
// away is an outcome, said within seconds, not a delivery to be tried again.
import type { Failure, LogEvent } from '@troupe/contracts';
import type { Outcome } from '@troupe/shared';
import { RetryableError, TerminalError } from '@troupe/shared';
import type { Recall } from './recall.ts';

export const createHandler =
  (recall: Recall) =>
  async ({ user, data }: LogEvent<'memory.requested'>): Promise<Outcome<'memory.requested'>> => {
    try {
      return { type: 'memory.completed', data: await recall(user, data) };
    } catch (error) {
      return failed(failureOf(error));
    }
  };

export const failed = (error: Failure): Outcome<'memory.requested'> => ({
  type: 'memory.failed',
  data: { error },
});

/** Anything but an expected fault is thrown on: a bug. */
function failureOf(error: unknown): Failure {
  if (error instanceof TerminalError) return error.failure;
  if (!(error instanceof RetryableError)) throw error;
  if (error.code === 'memory_sealed') {
    return {
      code: 'memory_sealed',
      message: error.message,
      hint: 'Give the memory service the AGENT_MEMORY_KEY that it had, or the one before as AGENT_MEMORY_KEY_PREVIOUS.',
    };
  }
  return {
    code: 'memory_unavailable',
    message: `The memory could not be searched: ${error.message}`.slice(0, 2_000),
    hint: 'Check that Chroma runs at CHROMA_URL and that llm-gateway runs; the next run recalls again.',
  };
}

// The timers and the counts of one attempt, without a provider behind it.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Attempt, AttemptLimits } from './attempt.ts';
import { attempt } from './attempt.ts';
import type { Progress } from './generation.ts';
import { ProviderError } from './providers/fault-of.ts';

const LIMITS: AttemptLimits = {
  firstByte: 5_000,
  firstContent: 5_000,
  idle: 5_000,
  total: 3_600_000,
  endOfStream: 40,
};

const attempted = (
  work: (progress: Progress) => Promise<string>,
  limits: Partial<AttemptLimits> = {},
): Promise<Attempt<string>> =>
  attempt(work, { limits: { ...LIMITS, ...limits }, signal: new AbortController().signal });

/** Goes on telling until nobody listens any more. */
async function untilHungUp(progress: Progress, tell: () => void): Promise<string> {
  while (!progress.signal.aborted) {
    tell();
    await sleep(5);
  }
  return 'whole';
}

suite('an attempt', { timeout: 30_000 }, () => {
  test('ends soon after its answer is whole, however often it is told of that and whatever still comes', async () => {
    const result = await attempted((progress) =>
      untilHungUp(progress, () => {
        progress.whole();
        progress.content({ written: 1, text: 'x' });
      }),
    );
    assert.deepEqual(result, { kind: 'answered', value: 'whole' });
  });

  test('does not wait for the end of a stream beyond its total time', async () => {
    const result = await attempted((progress) => untilHungUp(progress, () => progress.whole()), {
      total: 40,
      endOfStream: 3_600_000,
    });
    assert.equal(result.kind, 'answered');
  });

  test('whose whole answer turns out to be malformed did not run out of time', async () => {
    const result = await attempted(async (progress) => {
      await untilHungUp(progress, () => progress.whole());
      throw new ProviderError({ kind: 'malformed' });
    });
    assert.partialDeepStrictEqual(result, { kind: 'failed', fault: { kind: 'malformed' } });
  });

  test('that breaks tells all that the model wrote, and shows only its text', async () => {
    let shown = '';
    const result = await attempt(
      (progress) => {
        progress.content({ written: 30 });
        progress.content({ written: 4, text: 'text' });
        return Promise.reject(new ProviderError({ kind: 'cut' }));
      },
      { limits: LIMITS, signal: new AbortController().signal, onText: (text) => void (shown += text) },
    );
    assert.deepEqual(result, { kind: 'failed', fault: { kind: 'cut' }, used: {}, received: 34 });
    assert.equal(shown, 'text');
  });

  test('of a model that writes without end is malformed', async () => {
    const result = await attempted((progress) =>
      untilHungUp(progress, () => progress.content({ written: 1_024 * 1_024 })),
    );
    assert.partialDeepStrictEqual(result, { kind: 'failed', fault: { kind: 'malformed' } });
  });
});

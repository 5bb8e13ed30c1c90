// How calls in hand share the memory. What comes of a call is told in worker.test.ts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { EventId } from '@troupe/contracts';
import type { Completion } from './complete.ts';
import { createHandler } from './handle.ts';
import { InHand } from './load/in-hand.ts';
import { requestOf } from './test-support/events.ts';
import { keptLogger } from './test-support/kept-logger.ts';

const REJECTED: Completion = {
  kind: 'rejected',
  error: { code: 'providers_unavailable', message: 'No.', hint: 'Try again.' },
  origin: 'provider',
  retryAfterMs: undefined,
  attempts: 1,
  costNanoUsd: 0,
};

test('a conversation is in memory until its call is over, and no other is loaded where there is no room beside it', async () => {
  const loaded: EventId[] = [];
  const ends: (() => void)[] = [];
  const handle = createHandler({
    conversations: {
      upTo(request) {
        loaded.push(request.id);
        return Promise.resolve([{ role: 'user', text: 'x'.repeat(60) }]);
      },
    },
    inHand: new InHand({ characters: 100, loads: 1 }),
    tools: { definition: () => Promise.reject(new Error('no tools')) },
    complete: () => new Promise((resolve) => ends.push(() => resolve(REJECTED))),
    liveFor: () => ({ begin: () => undefined, text: () => undefined, end: () => undefined }),
    logger: keptLogger().logger,
  });
  const requests = Array.from({ length: 4 }, (_, at) => requestOf({ turn: 1, says: `ask ${at}` }));
  const { signal } = new AbortController();
  const calls = requests.map((request) => handle(request, { signal }));
  for (const [over, inMemory] of [2, 3, 4, 4].entries()) {
    for (let i = 0; i < 5; i += 1) await turn();
    assert.equal(loaded.length, inMemory);
    ends[over]?.();
    assert.equal((await calls[over]!).type, 'llm.failed');
  }
});

// A publish without an answer is neither done nor undone. Whatever becomes of messages and answers on the way, an append stores
// its event exactly once and says so.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { START } from '@troupe/contracts';
import type { Kernel, Publisher, PublishOutcome } from '@troupe/shared';
import { createAppend } from '../../../shared/src/log/append.ts';
import { assertChain, draftOf, someWorkflow } from '../support/events.ts';
import { dice, holds } from '../support/property.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';

let server: TestServer;
let kernel: Kernel;
before(async () => {
  server = await startTestServer();
  kernel = await server.kernel();
});
after(async () => {
  await kernel[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

type Fate = 'answered' | 'answer lost' | 'message lost' | 'answered late' | 'stored late' | 'sent twice';
type Publish = Publisher['publish'];
const UNKNOWN: PublishOutcome = { kind: 'unknown' };

/** A publisher whose messages and answers meet the given fates in turn, and then none. */
function fatefulPublisher(fates: Iterable<Fate>): { publish: Publish } {
  const left = [...fates];
  const publish: Publish = (...message) => kernel.publisher.publish(...message);
  return {
    async publish(...message) {
      switch (left.shift() ?? 'answered') {
        case 'answered':
          return publish(...message);
        case 'answer lost':
          await publish(...message);
          return UNKNOWN;
        case 'message lost':
          return UNKNOWN;
        case 'answered late':
          await sleep(30);
          return publish(...message);
        case 'stored late':
          void sleep(120).then(() => publish(...message));
          return UNKNOWN;
        case 'sent twice':
          await publish(...message);
          return publish(...message);
      }
    },
  };
}

const appendThrough = (publisher: Pick<Publisher, 'publish'>) =>
  createAppend({
    publisher,
    reader: kernel.log.read,
    offload: (draft) => Promise.resolve(draft),
    now: () => new Date(),
  });

test('an append stores its event exactly once and says so, whatever messages and answers are lost, late or doubled', async (t) => {
  const fate = fc.constantFrom<Fate>(
    'answered',
    'answer lost',
    'message lost',
    'answered late',
    'stored late',
    'sent twice',
  );
  const run = async (fates: readonly Fate[]): Promise<void> => {
    const key = someWorkflow();
    const append = appendThrough(fatefulPublisher(fates));
    let behind = START;
    for (const name of ['a', 'b', 'c']) {
      const draft = draftOf('timer.fired', key, { name });
      const result = await append(draft, { after: behind });
      assert.notEqual(result.kind, 'conflict');
      if (result.kind === 'appended') behind = result.position;
      if (result.kind === 'present') behind = result.event.position;
    }
    await sleep(150);
    const log = await kernel.log.read.whole(key);
    assert.equal(log.length, 3);
    assert.deepEqual(log.at(-1)?.position, behind);
    assertChain(log, key);
  };
  // Forty unlucky workflows at a time: most of each is waiting.
  const many = fc.array(fc.array(fate, { maxLength: 8 }), { minLength: 40, maxLength: 40 });
  const property = fc.asyncProperty(many, async (lives) => {
    await Promise.all(lives.map(run));
  });
  await holds(t, property, 2);
});

test('an append whose answer was lost finds its event even where another writer went on behind it', async () => {
  const key = someWorkflow();
  const mine = draftOf('workflow.requested', key, { name: 'mine' });
  const publish: Publish = async (...message) => {
    const stored = await kernel.publisher.publish(...message);
    if (stored.kind !== 'stored') return stored;
    const position = { seq: stored.seq, sequence: 1 };
    await kernel.log.append(draftOf('timer.fired', key, { name: 'other' }), { after: position });
    return UNKNOWN;
  };
  const result = await appendThrough({ publish })(mine, { after: START });
  assert.equal(result.kind, 'present');
  assert.deepEqual(
    result.tail.map(({ type }) => type),
    ['workflow.requested', 'timer.fired'],
  );
});

test('an undecided append ends soon after its signal aborts', async () => {
  const append = appendThrough({ publish: () => Promise.resolve(UNKNOWN) });
  const draft = draftOf('workflow.requested', someWorkflow(), { name: 'never' });
  await assert.rejects(append(draft, { after: START, signal: AbortSignal.timeout(50) }), {
    name: 'TimeoutError',
  });
});

test('appends over a connection that is cut in the middle of messages and answers are stored exactly once', async (t) => {
  const random = dice(t);
  await using proxy = await startTcpProxy(server.nats.url);
  await using far = await server.kernel('far', proxy.url);
  const keys = Array.from({ length: 40 }, () => someWorkflow());
  const finished = new AbortController();
  let cuts = 0;
  const cutting = (async () => {
    for (; !finished.signal.aborted; cuts += 1) {
      if (random() < 0.5) proxy.cutAfter(Math.floor(random() * 20_000));
      else proxy.cutNextAnswer();
      await sleep(100 + random() * 400);
    }
  })();
  const results = await Promise.all(
    keys.map(async (key) => {
      let behind = START;
      for (let i = 0; i < 100; i += 1) {
        const result = await far.log.append(draftOf('timer.fired', key, { name: `${i}` }), { after: behind });
        assert.notEqual(result.kind, 'conflict');
        behind =
          result.kind === 'appended'
            ? result.position
            : result.kind === 'present'
              ? result.event.position
              : behind;
      }
      return behind;
    }),
  );
  finished.abort();
  await cutting;
  t.diagnostic(`${cuts} cuts`);
  for (const [i, key] of keys.entries()) {
    const log = await kernel.log.read.whole(key);
    assertChain(log, key);
    assert.equal(log.length, 100);
    assert.deepEqual(log.at(-1)?.position, results[i]);
  }
});

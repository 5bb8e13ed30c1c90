// What a plain NATS subscriber sees of a call.
import assert from 'node:assert/strict';
import { after, suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { UserId, WorkflowId } from '@troupe/contracts';
import { eventId, LiveMessage } from '@troupe/contracts';
import fc from 'fast-check';
import type { CallIdentity } from '../call-identity.ts';
import { startGround } from '../test-support/gateway-process.ts';
import { createLive } from './live.ts';

const ground = await startGround();
const { connection } = ground.kernel;
const everyMs = 20;
const publish = (subject: string, payload: string): void => connection.publish(subject, payload);

let runs = 0;
/** A call, and what is seen of its run until `flushed`. */
function watched(now: () => number = Date.now) {
  runs += 1;
  const call: CallIdentity = {
    user: 'alice' as UserId,
    workflow: `run-${runs}` as WorkflowId,
    request: eventId(`run-${runs}`, 'llm.requested'),
  };
  const seen: LiveMessage[] = [];
  const sizes: number[] = [];
  connection.subscribe(`agents.live.alice.${call.workflow}`, {
    callback: (_error, message) => {
      sizes.push(message.data.length);
      seen.push(LiveMessage.parse(message.json()));
    },
  });
  return {
    call,
    seen,
    sizes,
    live: createLive({ publish, now, everyMs })(call),
    flushed: () => connection.flush(),
  };
}

const textOf = (seen: readonly LiveMessage[]): string =>
  seen.map((message) => (message.kind === 'text' ? message.text : '')).join('');

suite('live text', { concurrency: false, timeout: 60_000 }, () => {
  after(() => ground[Symbol.asyncDispose]());

  test('deltas come in order under one epoch, gathered, and the end is told', async () => {
    const { call, seen, live, flushed } = watched(() => 1_000);
    live.begin();
    for (const word of ['Once ', 'upon ', 'a ', 'time']) live.text(word);
    await sleep(3 * everyMs);
    live.text('.');
    live.end();
    await flushed();
    const place = { request: call.request, epoch: 1_000 };
    assert.deepEqual(seen, [
      { ...place, seq: 1, kind: 'text', text: 'Once upon a time' },
      { ...place, seq: 2, kind: 'text', text: '.' },
      { ...place, seq: 3, kind: 'end' },
    ]);
  });

  test('an answer that is begun anew voids what was shown, and begins to count anew in a higher epoch', async () => {
    const { call, seen, live, flushed } = watched(() => 1_000);
    live.begin();
    live.text('Half an ans');
    await sleep(3 * everyMs);
    live.text('never shown');
    live.begin();
    live.text('A whole answer');
    live.end();
    await flushed();
    const { request } = call;
    assert.deepEqual(seen, [
      { request, epoch: 1_000, seq: 1, kind: 'text', text: 'Half an ans' },
      { request, epoch: 1_001, seq: 0, kind: 'reset' },
      { request, epoch: 1_001, seq: 1, kind: 'text', text: 'A whole answer' },
      { request, epoch: 1_001, seq: 2, kind: 'end' },
    ]);
  });

  test('the epoch grows from process to process, and within one also while the clock goes back', async () => {
    const clock = { now: 50_000 };
    const { call, seen, live, flushed } = watched(() => clock.now);
    live.begin();
    live.text('one');
    await sleep(3 * everyMs);
    clock.now -= 3_600;
    live.begin();
    live.text('two');
    await sleep(3 * everyMs);
    const elsewhere = createLive({ publish, now: () => 90_000, everyMs })(call);
    elsewhere.begin();
    elsewhere.text('three');
    elsewhere.end();
    await flushed();
    const epochs = seen.flatMap((message) => (message.kind === 'text' ? [message.epoch] : []));
    assert.deepEqual(epochs, [50_000, 50_001, 90_000]);
  });

  test('a call that says nothing in text sends nothing', async () => {
    const { seen, live, flushed } = watched();
    live.begin();
    live.begin();
    live.end();
    await flushed();
    assert.deepEqual(seen, []);
  });

  test('a connection that is gone is no reason for a call to fail', () => {
    const publish = (): never => {
      throw new Error('CONNECTION_CLOSED');
    };
    const live = createLive({ publish, now: Date.now, everyMs })(watched().call);
    live.begin();
    live.text('unheard');
    assert.doesNotThrow(() => live.end());
  });

  test('no text is lost, doubled or moved, and no message exceeds 32 KB, whatever the deltas are', async () => {
    const deltas = fc.array(fc.string({ unit: 'binary', maxLength: 9_000, size: 'max' }), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(deltas, async (parts) => {
        const { seen, sizes, live, flushed } = watched();
        live.begin();
        for (const part of [...parts, '\u0001'.repeat(12_000)]) live.text(part);
        live.end();
        await flushed();
        assert.equal(textOf(seen), [...parts, '\u0001'.repeat(12_000)].join(''));
        assert.deepEqual(
          seen.map(({ seq }) => seq),
          seen.map((_, i) => i + 1),
        );
        for (const bytes of sizes) assert.ok(bytes <= 32 * 1_024, `${bytes} bytes`);
      }),
      { numRuns: 10 },
    );
  });
});

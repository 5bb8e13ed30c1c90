// Everything that can be wrong with a message at the door, published by hand to a real server with a real planner behind it: what
// came of each, and that nothing valid waited for it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LogEvent } from '@troupe/contracts';
import { Failure, WorkflowId } from '@troupe/contracts';
import { DOOR_STREAM } from '@troupe/shared';
import fc from 'fast-check';
import { alice, cases, STRUCTURED } from './test-support/bad-messages.ts';
import { deadLettersIn } from './test-support/dead-letters.ts';
import { CANCEL, REQUESTED, SIGNALLED } from './test-support/door-messages.ts';
import { RawClient } from './test-support/raw-client.ts';
import { seed } from './test-support/seed.ts';
import type { Stack } from './test-support/stack.ts';
import { startStack, user } from './test-support/stack.ts';

let stack: Stack;
let client: RawClient;
before(async () => {
  stack = await startStack();
  client = new RawClient(stack.kernel.connection.getServer());
});
after(async () => {
  client[Symbol.dispose]();
  await stack[Symbol.asyncDispose]();
});

const manager = () => stack.kernel.connection.jetstreamManager();
const lastAtDoor = async (): Promise<number> =>
  (await (await manager()).streams.info(DOOR_STREAM)).state.last_seq;

/** Until the door has settled everything that was published: what names no run is given up after a minute. */
async function settled(): Promise<void> {
  await client.flush();
  for (const end = Date.now() + 90_000; ; ) {
    const { num_pending, num_ack_pending } = await (await manager()).consumers.info(DOOR_STREAM, 'door');
    if (num_pending + num_ack_pending === 0) return;
    await sleep(50);
    assert.ok(Date.now() < end, 'the door did not settle what was published within 90 s');
  }
}

const head = async (workflow: string): Promise<LogEvent | undefined> => {
  const [first] = await stack.kernel.log.read.whole({ user, workflow: WorkflowId.parse(workflow) });
  return first as LogEvent | undefined;
};

test('every wrong message is answered by its kind, and every right one among them begins its run', async (t) => {
  await stack.planner(t);
  const first = (await lastAtDoor()) + 1;
  for (const { subject, headers, body } of cases) client.publish(subject, headers, body);
  client.publish(alice, [], '{"goal":"Tell me","workflow_id":"behind"}');
  assert.equal((await stack.ended('behind')).at(-1)?.type, 'workflow.completed');
  await settled();
  assert.equal(await lastAtDoor(), first + cases.length, 'the server took every message');
  const dead = new Map((await deadLettersIn(stack.kernel)).map((letter) => [letter.seq, letter]));
  const came = await Promise.all(
    cases.map(async ({ what }, i) => {
      const letter = dead.get(first + i);
      const event = await head(`bad-${i}`);
      if (letter !== undefined) {
        assert.ok(Failure.safeParse(letter.error).success && letter.error.hint !== '', what);
        assert.ok(event === undefined, `${what}: a dead letter and a run`);
        return `dead ${letter.error.code}`;
      }
      if (event?.type === 'workflow.requested') return 'started';
      assert.ok(event?.type === 'workflow.failed', `${what}: nothing came of it`);
      assert.ok(event.data.error?.hint, what);
      return `failed ${event.data.error.code}`;
    }),
  );
  assert.deepEqual(
    cases.map(({ what }, i) => `${what}: ${came[i]}`),
    cases.map(({ what, comes }) => `${what}: ${comes}`),
  );
});

test('a message at the door cannot delete others, come later or go by itself: the server refuses it', async (t) => {
  await stack.planner(t);
  const before = await lastAtDoor();
  for (const header of ['Nats-Rollup: all', 'Nats-Schedule: @every 1s', 'Nats-TTL: 1s', 'Nats-Incr: 1'])
    client.publish(alice, [header, `Nats-Schedule-Target: ${alice}`], '{"goal":"x"}');
  await client.flush();
  client.publish(alice, [], '{"goal":"Keep silence","workflow_id":"after"}');
  await settled();
  assert.equal(await lastAtDoor(), before + 1);
});

test('the same id with another body is a dead letter that says so, and the first run is not touched', async (t) => {
  await stack.planner(t);
  client.publish(alice, [], '{"goal":"Keep silence","workflow_id":"mine"}');
  await stack.until('mine', ({ type }) => type === 'llm.requested');
  const before = await stack.log('mine');
  const first = (await lastAtDoor()) + 1;
  const wrong = [
    '{"goal":"other","workflow_id":"mine"}',
    '{"goal":"","workflow_id":"mine"}',
    '{"goal":"x","workflow_id":"mine","workflow_type":"unheard_of"}',
  ];
  for (const body of wrong) client.publish(alice, [], body);
  client.publish(alice, [], '{"goal":"Keep silence","workflow_id":"mine"}');
  await settled();
  const letters = (await deadLettersIn(stack.kernel)).filter(({ seq }) => seq >= first);
  assert.deepEqual(letters.map(({ seq, error }) => [seq - first, error.code]).sort(), [
    [0, 'workflow_conflict'],
    [1, 'invalid_request'],
    [2, 'unknown_workflow_type'],
  ]);
  assert.deepEqual(await stack.log('mine'), before);
});

test('two thousand random messages later every valid one between them has begun its run', async (t) => {
  await stack.planner(t);
  const valid = {
    goal: 'Keep silence',
    preferences: { a: [1, { b: null }] },
    history: [],
    deadline_seconds: 60,
  };
  const bodies = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.json().map((json) => Buffer.from(json)),
    // A valid request with some bytes changed.
    fc
      .array(fc.tuple(fc.nat({ max: 90 }), fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 })
      .map((changes) => {
        const bytes = Buffer.from(JSON.stringify(valid));
        for (const [at, byte] of changes) bytes[at] = byte;
        return bytes;
      }),
  );
  const subjects = fc.constantFrom(alice, REQUESTED, `${CANCEL}.${user}`, `${SIGNALLED}.${user}`, SIGNALLED);
  const headers = fc.constantFrom([], STRUCTURED, ['ce-correlationid: a b'], ['traceparent: x']);
  const random = fc.sample(fc.tuple(subjects, headers, bodies), { seed, numRuns: 2_000 });
  random.forEach(([subject, lines, body], i) => {
    client.publish(subject, lines, body);
    if (i % 100 === 99) client.publish(alice, [], JSON.stringify({ ...valid, workflow_id: `valid-${i}` }));
  });
  await settled();
  for (let i = 99; i < random.length; i += 100)
    assert.equal((await head(`valid-${i}`))?.type, 'workflow.requested', `valid-${i}`);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { UserId } from '@troupe/contracts';
import type { Admission, Admitted, Ticket, Turn } from './admission.ts';
import { createAdmission } from './queue.ts';
import { PULL_AHEAD } from './shed.ts';

const TARGET = 'openai/gpt-4.1-mini';

/** An admission whose clock the test sets, and what it told. */
function observed(cap: number) {
  const told = { waits: [] as number[], shed: [] as string[], limits: [] as string[] };
  const clock = { now: 0 };
  const admission = createAdmission({
    cap,
    now: () => clock.now,
    onWait: (ms) => told.waits.push(ms),
    onShed: (reason) => told.shed.push(reason),
    onLimit: (target, calls) => told.limits.push(`${target}: ${calls}`),
  });
  return { admission, clock, told };
}

const ticket = (user: string, more: Partial<Ticket> = {}): Ticket => ({
  user: user as UserId,
  tokens: 100,
  leftMs: 60_000,
  signal: new AbortController().signal,
  ...more,
});
const turnIn = (admitted: Admitted): Turn => {
  assert.ok(admitted.kind === 'admitted', JSON.stringify(admitted));
  return admitted.turn;
};
const enter = async (admission: Admission, user = 'a', more: Partial<Ticket> = {}): Promise<Turn> =>
  turnIn(await admission.enter(TARGET, ticket(user, more)));

test('no more calls than the cap have a place at a target, and a place that is given back goes to who waits', async () => {
  const { admission, clock, told } = observed(2);
  const first = await enter(admission);
  await enter(admission);
  let third: Turn | undefined;
  const waiting = enter(admission).then((turn) => (third = turn));
  await sleep(5);
  assert.equal(third, undefined);
  clock.now = 700;
  first.done('good', 100);
  await waiting;
  assert.deepEqual(told.waits, [0, 0, 700]);
});

test('targets do not wait for each other', async () => {
  const { admission } = observed(1);
  await enter(admission);
  turnIn(await admission.enter('anthropic/claude-haiku-5-5', ticket('a')));
});

test('a user who asks for one call gets the next place but one at the latest, however many another has waiting', async () => {
  const { admission } = observed(1);
  const running = await enter(admission, 'a');
  const controller = new AbortController();
  const { signal } = controller;
  const order: string[] = [];
  const flood = Array.from({ length: 50 }, () =>
    enter(admission, 'a', { signal }).then((turn) => {
      order.push('a');
      turn.done('good', 100);
    }),
  );
  const quiet = enter(admission, 'b').then(() => order.push('b'));
  running.done('good', 100);
  await quiet;
  assert.ok(order.length <= 2, order.join(''));
  controller.abort(new Error('over'));
  await Promise.allSettled(flood);
});

test('a call that was turned away halves the places at once, and they come back with good calls', async () => {
  const { admission, told } = observed(4);
  const turns = await Promise.all(Array.from({ length: 4 }, () => enter(admission)));
  for (const turn of turns) turn.done('throttled', undefined);
  const [one, two] = [await enter(admission), await enter(admission)];
  let third: Turn | undefined;
  const waiting = enter(admission).then((turn) => (third = turn));
  await sleep(5);
  assert.equal(third, undefined);
  one.done('good', 100);
  await waiting;
  two.done('good', 100);
  assert.deepEqual(told.limits, [`${TARGET}: 2`, `${TARGET}: 3`]);
});

test('a place is given back once, however often that is said', async () => {
  const { admission } = observed(1);
  const turn = await enter(admission);
  turn.done('none', undefined);
  turn.done('none', undefined);
  await enter(admission);
  const controller = new AbortController();
  const second = admission.enter(TARGET, ticket('a', { signal: controller.signal }));
  controller.abort(new Error('still waiting'));
  await assert.rejects(second, /still waiting/);
});

test('a call whose turn would come too late is told so at once, with the time after which it makes sense', async () => {
  const { admission, clock, told } = observed(1);
  const first = await enter(admission);
  clock.now = 4_000;
  first.done('good', 100);
  await enter(admission);
  const shed = await admission.enter(TARGET, ticket('b', { leftMs: 7_000 }));
  assert.deepEqual(shed, { kind: 'shed', retryAfterMs: 4_000 });
  assert.deepEqual(told.shed, ['no_time']);
});

test('turns that were not used, or whose calls failed at once, do not make a target seem faster than its answers are', async () => {
  const { admission, clock, told } = observed(1);
  const first = await enter(admission);
  clock.now = 4_000;
  first.done('good', 100);
  for (let time = 0; time < 100; time += 1) (await enter(admission)).done('none', 0);
  await enter(admission);
  const shed = await admission.enter(TARGET, ticket('b', { leftMs: 7_000 }));
  assert.deepEqual([shed.kind, told.shed], ['shed', ['no_time']]);
});

test('a free place is never refused, however slow the target was', async () => {
  const { admission, clock } = observed(1);
  const first = await enter(admission);
  clock.now = 50_000;
  first.done('good', 100);
  await enter(admission, 'a', { leftMs: 1_000 });
});

test('a call whose time comes up leaves the queue, and its place goes to another', async () => {
  const { admission, told } = observed(1);
  const first = await enter(admission);
  const shed = await admission.enter(TARGET, ticket('a', { leftMs: 20 }));
  assert.deepEqual(shed, { kind: 'shed', retryAfterMs: 1_000 });
  assert.deepEqual(told.shed, ['out_of_time']);
  const next = enter(admission, 'b');
  first.done('good', 100);
  await next;
});

test('a call that is aborted leaves the queue at once with the reason, and takes no place', async () => {
  const { admission } = observed(1);
  const first = await enter(admission);
  const controller = new AbortController();
  const gone = admission.enter(TARGET, ticket('a', { signal: controller.signal }));
  const next = enter(admission, 'a');
  const reason = new Error('no longer wanted');
  controller.abort(reason);
  await assert.rejects(gone, reason);
  await assert.rejects(admission.enter(TARGET, ticket('a', { signal: controller.signal })), reason);
  first.done('good', 100);
  await next;
});

test('the queue is bounded: one more is told to come back', async () => {
  const { admission, told } = observed(1);
  await enter(admission);
  const controller = new AbortController();
  const { signal } = controller;
  const waiting = Array.from({ length: PULL_AHEAD }, () => admission.enter(TARGET, ticket('a', { signal })));
  assert.equal((await admission.enter(TARGET, ticket('b'))).kind, 'shed');
  assert.deepEqual(told.shed, ['full']);
  controller.abort(new Error('over'));
  const ends = await Promise.allSettled(waiting);
  assert.ok(ends.every(({ status }) => status === 'rejected'));
});

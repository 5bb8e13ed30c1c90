import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { Isolation } from './isolation.ts';

test('what runs beside others begins at once', async () => {
  const isolation = new Isolation();
  const begun: number[] = [];
  const work = (n: number) => () => {
    begun.push(n);
    return sleep(5);
  };
  const all = [isolation.beside(work(1)), isolation.beside(work(2))];
  assert.deepEqual(begun, [1, 2]);
  await Promise.all(all);
});

test('whatever is alone runs beside nothing, and everything runs, also behind what fails', async () => {
  for (const heldMs of [0, 1, 1_000]) await mix(new Isolation(heldMs));
});

async function mix(isolation: Isolation): Promise<void> {
  let going = 0;
  let [most, done] = [0, 0];
  const work = (alone: boolean, i: number) => async () => {
    going += 1;
    most = Math.max(most, going);
    if (alone) assert.equal(going, 1);
    for (let n = 0; n <= i % 4; n += 1) await turn();
    if (alone) assert.equal(going, 1);
    going -= 1;
    done += 1;
    if (i % 7 === 0) throw new Error('failed');
  };
  const outcomes: Promise<unknown>[] = [];
  for (let i = 0; i < 200; i += 1) {
    const alone = i % 5 === 3 || i % 11 === 0;
    outcomes.push(isolation[alone ? 'alone' : 'beside'](work(alone, i)).catch(() => undefined));
    if (i % 3 === 0) await turn();
  }
  await Promise.all(outcomes);
  assert.equal(done, 200);
  assert.ok(most > 1);
}

test('a crowd of works that were to be alone runs at once, and the next one is alone again', async () => {
  const isolation = new Isolation();
  let going = 0;
  let most = 0;
  const work = async (): Promise<void> => {
    most = Math.max(most, (going += 1));
    await sleep(5);
    going -= 1;
  };
  const running = isolation.beside(work);
  const crowd = Array.from({ length: 30 }, () => isolation.alone(work, () => true));
  await Promise.all([running, ...crowd]);
  assert.equal(most, 31);
  most = 0;
  await Promise.all([isolation.beside(work), isolation.alone(work, () => false), isolation.alone(work)]);
  assert.equal(most, 1);
});

/** What a mix of works does in which order: five that are alone, and one beside them that comes during the first. */
async function order(isolation: Isolation): Promise<string> {
  const begun: string[] = [];
  const work = (name: string) => async () => {
    begun.push(name);
    await turn();
  };
  const alone = Array.from({ length: 5 }, () => isolation.alone(work('alone')));
  while (begun.length === 0) await turn();
  await Promise.all([isolation.beside(work('beside')), ...alone]);
  return begun.join(' ');
}

test('what is held back waits for works that are alone one behind the other, and goes on between them when it was held long enough', async () => {
  assert.equal(await order(new Isolation(60_000)), 'alone alone alone alone alone beside');
  assert.equal(await order(new Isolation(0)), 'alone beside alone alone alone alone');
});

// The marks of suspects, over a real server: what they count, and that they go when their process lives. What becomes of killers is
// killer.test.ts's.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Kernel, Publisher } from '@troupe/shared';
import { createSuspects, type Suspects } from '../../../shared/src/suspects.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

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

type Publish = Pick<Publisher, 'publish'>;
const suspects = (instance: string, publisher: Publish = kernel.publisher): Suspects =>
  createSuspects({ connection: kernel.connection, publisher, logger: kernel.logger, instance });

const CONSUMER = 'somebody';
let messages = 0;
/** A message that is suspect, with the means to look at its mark. */
async function suspectMessage(standing?: string) {
  messages += 1;
  const delivery = { seq: messages, attempt: 3 };
  const key = `${CONSUMER}.${messages}`;
  const bucket = await kernel.connection.jetstream().views.kv('AGENTS_SUSPECTS');
  if (standing !== undefined) await bucket.put(key, standing);
  const mark = async (): Promise<string | undefined> => {
    const entry = await bucket.get(key);
    return entry?.operation === 'PUT' ? entry.string() : undefined;
  };
  return { delivery, mark };
}

test('a mark stands while its message is in hand, with the process that has it, and goes whatever comes of it', async () => {
  for (const fails of [false, true]) {
    const { delivery, mark } = await suspectMessage();
    const seen: (string | undefined)[] = [];
    const work = async (): Promise<void> => {
      seen.push(await mark());
      if (fails) throw new Error('failed');
    };
    await suspects('one')
      .handle(CONSUMER, delivery, work)
      .catch(() => undefined);
    assert.deepEqual([...seen, await mark()], ['1 one', undefined]);
  }
});

test('marks that others left count as deaths, and the third is the last; the one that a living process finds of itself does not', async () => {
  const cases = [
    ['1 one', '1 one'],
    ['1 other', '2 one'],
    ['2 other', '3 one'],
    ['3 one', '3 one'],
    ['3 other', 'never_settled'],
    ['4 one', 'never_settled'],
  ];
  for (const [standing, comes] of cases) {
    const { delivery, mark } = await suspectMessage(standing);
    let seen: string | undefined;
    const work = async (): Promise<void> => {
      seen = await mark();
    };
    await suspects('one')
      .handle(CONSUMER, delivery, work)
      .catch((error: unknown) => {
        seen = (error as { failure: { code: string } }).failure.code;
      });
    assert.equal(seen, comes, standing);
  }
});

test('more than twenty that are found with one death are handled beside each other, and what dies again with them alone', async () => {
  for (const [deaths, count, isBeside] of [
    [1, 20, false],
    [1, 30, true],
    [2, 30, false],
  ] as const) {
    const { handle } = suspects('one');
    let going = 0;
    let seen = 0;
    const work = async (): Promise<void> => {
      seen = Math.max(seen, (going += 1));
      await sleep(20);
      going -= 1;
    };
    const all = Array.from({ length: count }, () => suspectMessage(`${deaths} other`));
    const found = await Promise.all(all);
    await Promise.all(found.map(({ delivery }) => handle(CONSUMER, delivery, work)));
    assert.equal(seen > 1, isBeside, `${count} with ${deaths} deaths`);
  }
});

test('a mark whose storing was not answered is taken away again, and the message is tried again', async () => {
  const { delivery, mark } = await suspectMessage();
  let stored = 0;
  const publisher: Publish = {
    async publish(...message) {
      const outcome = await kernel.publisher.publish(...message);
      stored += 1;
      return stored === 1 ? { kind: 'unknown' } : outcome;
    },
  };
  const handled = suspects('one', publisher).handle(CONSUMER, delivery, () => assert.fail('not marked'));
  await assert.rejects(handled, { code: 'suspect_unmarked' });
  assert.deepEqual([stored, await mark()], [2, undefined]);
});

test('taking a mark away is tried again when the server was away', async () => {
  const { delivery, mark } = await suspectMessage();
  let away = false;
  const publisher: Publish = {
    publish(...message) {
      if (!away) return kernel.publisher.publish(...message);
      away = false;
      return Promise.resolve({ kind: 'unknown' });
    },
  };
  await suspects('one', publisher).handle(CONSUMER, delivery, () => {
    away = true;
    return Promise.resolve();
  });
  assert.equal(await mark(), undefined);
});

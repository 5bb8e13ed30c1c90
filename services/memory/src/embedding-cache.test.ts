import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UserId } from '@troupe/contracts';
import type { Embed } from './embedder.ts';
import { cached } from './embedding-cache.ts';

const USER = UserId.parse('ann');

function counting(model = { name: 'm' }) {
  const asked: string[][] = [];
  const embed: Embed = (_user, items) => {
    asked.push(items.map(({ text }) => text));
    return Promise.resolve(
      items.map((item) => ({ ...item, embedding: { model: model.name, vector: [item.text.length] } })),
    );
  };
  return { asked, embed, model };
}
const ask = async (embed: Embed, ...texts: string[]) =>
  (
    await embed(
      USER,
      texts.map((text, i) => ({ text, i })),
    )
  ).map(({ text, i, embedding }) => `${i} ${text} ${embedding.model} ${String(embedding.vector)}`);

test('a text is asked for once while it is at hand, and every item gets the vector of its text', async () => {
  const { asked, embed } = counting();
  const kept = cached(embed, { most: 10, forMs: 1_000, now: () => 0 });
  assert.deepEqual(await ask(kept, 'a', 'bb', 'a'), ['0 a m 1', '1 bb m 2', '2 a m 1']);
  assert.deepEqual(await ask(kept, 'bb', 'ccc'), ['0 bb m 2', '1 ccc m 3']);
  assert.deepEqual(await ask(kept, 'a', 'ccc'), ['0 a m 1', '1 ccc m 3']);
  assert.deepEqual(asked, [['a', 'bb'], ['ccc']]);
});

test('no more are kept than allowed, the latest, and none for longer than allowed', async () => {
  const { asked, embed } = counting();
  let now = 0;
  const kept = cached(embed, { most: 2, forMs: 1_000, now: () => now });
  for (const text of ['a', 'b', 'c', 'c', 'b', 'a']) await ask(kept, text);
  assert.deepEqual(asked.flat(), ['a', 'b', 'c', 'a']);
  now = 1_000;
  await ask(kept, 'a');
  assert.deepEqual(asked.flat(), ['a', 'b', 'c', 'a', 'a']);
});

test('when another model answers, nothing of the one before is handed out', async () => {
  const { asked, embed, model } = counting();
  const kept = cached(embed, { most: 10, forMs: 1_000, now: () => 0 });
  await ask(kept, 'a', 'b');
  model.name = 'n';
  assert.deepEqual(await ask(kept, 'a', 'c'), ['0 a n 1', '1 c n 1']);
  assert.deepEqual(await ask(kept, 'b', 'c'), ['0 b n 1', '1 c n 1']);
  assert.deepEqual(asked, [['a', 'b'], ['c'], ['a', 'c'], ['b']]);
});

test('what fails is not kept', async () => {
  let isAway = true;
  const { embed } = counting();
  const kept = cached((user, items) => (isAway ? Promise.reject(new Error('away')) : embed(user, items)), {
    ...{ most: 10, forMs: 1_000, now: () => 0 },
  });
  await assert.rejects(ask(kept, 'a'));
  isAway = false;
  assert.deepEqual(await ask(kept, 'a'), ['0 a m 1']);
});

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ChromaClient } from 'chromadb';
import fc from 'fast-check';
import { UserId, WorkflowId } from '@troupe/contracts';
import { RetryableError, TerminalError } from '@troupe/shared';
import type { Embedding, FoundMemory, MemoryRecord } from './store.ts';
import { testChroma } from './test-support/chroma.ts';
import { storeAt } from './test-support/stores.ts';
import { startKeys } from './test-support/keys.ts';
import { wordEmbedding } from './test-support/word-embedder.ts';

const chroma = await testChroma();
await chroma.start();
const keys = await startKeys();
after(() => keys[Symbol.asyncDispose]());
after(() => chroma[Symbol.asyncDispose]());
const keyring = keys.keyring();
const store = storeAt(chroma.url, keyring);
const server = new ChromaClient({ host: '127.0.0.1', port: Number(new URL(chroma.url).port) });

const userIds = fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/).map((id) => UserId.parse(id));

const recordOf = (text: string, workflow = 'wf_1'): MemoryRecord => ({
  kind: 'outcome',
  text,
  embedding: wordEmbedding(text),
  workflow: WorkflowId.parse(workflow),
  createdAt: new Date('2026-11-22T10:00:00.123Z'),
  eventSeq: 7,
});

const nearest = async (user: UserId, near: Embedding, limit: number): Promise<readonly FoundMemory[]> =>
  (await store.nearest(user, near, { limit })).memories;
const collectionOf = async (user: UserId) =>
  server.getCollection({ name: (await keyring.need(user)).collection('current') });

test('a record is found with its text, its run, the time of its event, and 1 as the score of an equal text', async () => {
  const ann = UserId.parse('ann');
  await store.put(ann, [recordOf('tea without milk', 'wf_tea')]);
  const [found] = await nearest(ann, wordEmbedding('tea without milk'), 1);
  assert.ok(found !== undefined && Math.abs(found.score - 1) < 1e-5);
  const { kind, text, workflow, createdAt, eventSeq } = recordOf('tea without milk', 'wf_tea');
  assert.deepEqual(found, { kind, text, workflow, createdAt, eventSeq, score: found.score });
});

test('the nearest come first, and no more than asked for', async () => {
  const bob = UserId.parse('bob');
  for (const text of ['red apples', 'green apples and pears', 'the weather in Oslo']) {
    await store.put(bob, [recordOf(text)]);
  }
  const found = await nearest(bob, wordEmbedding('red apples'), 2);
  assert.deepEqual(
    found.map(({ text }) => text),
    ['red apples', 'green apples and pears'],
  );
});

test('a run’s equal texts are one record, however often they are written; those of several runs are several', async () => {
  const cleo = UserId.parse('cleo');
  for (const eventSeq of [2, 4, 4, 3]) await store.put(cleo, [{ ...recordOf('again'), eventSeq }]);
  await store.put(cleo, [recordOf('again'), recordOf('again'), recordOf('again', 'wf_2')]);
  const found = await nearest(cleo, wordEmbedding('again'), 10);
  assert.deepEqual(found.map(({ workflow }) => workflow).toSorted(), ['wf_1', 'wf_2']);
  assert.equal(await (await collectionOf(cleo)).count(), 2);
});

test('what one run left is found alone', async () => {
  const cora = UserId.parse('cora');
  await store.put(cora, [recordOf('tea', 'wf_1'), recordOf('tea', 'wf_2'), recordOf('milk', 'wf_2')]);
  const { memories } = await store.nearest(cora, wordEmbedding('tea'), {
    limit: 10,
    workflow: WorkflowId.parse('wf_2'),
  });
  assert.deepEqual(
    memories.map(({ text, workflow }) => `${text} ${workflow}`),
    ['tea wf_2', 'milk wf_2'],
  );
});

test('texts that resemble each other closely are all found', async () => {
  const cid = UserId.parse('cid');
  const texts = Array.from({ length: 60 }, (_, i) => `fact number ${i}`);
  for (const text of texts) await store.put(cid, [recordOf(text)]);
  const found = await nearest(cid, wordEmbedding('fact number'), 100);
  assert.deepEqual(found.map(({ text }) => text).toSorted(), texts.toSorted());
});

test('users never meet, whatever their ids are and though their texts are equal', async () => {
  const usersInOneTest = fc.uniqueArray(userIds, { minLength: 2, maxLength: 4 });
  let round = 0;
  await fc.assert(
    fc.asyncProperty(usersInOneTest, async (users) => {
      round += 1;
      const text = `the same secret ${round}`;
      for (const [i, user] of users.entries()) await store.put(user, [recordOf(text, `wf_${round}_${i}`)]);
      for (const [i, user] of users.entries()) {
        const found = await nearest(user, wordEmbedding(text), 50);
        const runs = found.filter((snippet) => snippet.text === text).map(({ workflow }) => workflow);
        assert.deepEqual(runs, [`wf_${round}_${i}`]);
      }
    }),
    { numRuns: 12, examples: [[['A', 'a', '__proto__', '-'].map((id) => UserId.parse(id))]] },
  );
});

test('a record that was planted into another user’s collection, or changed, is not handed out, and is told of', async () => {
  const [dan, eve] = [UserId.parse('dan'), UserId.parse('eve')];
  const embedding = wordEmbedding('planted');
  await store.put(dan, [recordOf('planted')]);
  await store.put(eve, [recordOf('my own')]);
  const [of, into] = await Promise.all([collectionOf(dan), collectionOf(eve)]);
  const { ids, metadatas } = await of.get();
  await into.add({ ids, embeddings: [embedding.vector], metadatas: metadatas.map((one) => one ?? {}) });
  const found = await store.nearest(eve, embedding, { limit: 5 });
  assert.deepEqual([found.memories.map(({ text }) => text), found.unreadable], [['my own'], 1]);

  const workflow = (await keyring.need(dan)).workflow(WorkflowId.parse('another'));
  await of.update({ ids, metadatas: [{ workflow }] });
  assert.deepEqual(await store.nearest(dan, embedding, { limit: 5 }), {
    memories: [],
    unreadable: 1,
    rebuilding: false,
  });
  await store.put(dan, [recordOf('planted')]);
  assert.equal((await nearest(dan, embedding, 5))[0]?.text, 'planted');
});

test('asking for a user of whom nothing is stored answers nothing and makes nothing', async () => {
  const before = await server.countCollections();
  assert.deepEqual(await nearest(UserId.parse('nobody'), wordEmbedding('anything'), 5), []);
  assert.equal(await server.countCollections(), before);
});

test('many at once who write a user’s first record write into one collection', async () => {
  const gus = UserId.parse('gus');
  const texts = Array.from({ length: 20 }, (_, i) => `fact ${i}`);
  await Promise.all(texts.map((text) => store.put(gus, [recordOf(text)])));
  const found = await nearest(gus, wordEmbedding('fact'), 50);
  assert.deepEqual(found.map(({ text }) => text).toSorted(), texts.toSorted());
});

test('a user’s records are found however many other users were served since', async () => {
  const users = Array.from({ length: 100 }, (_, i) => UserId.parse(`one-of-many-${i}`));
  const texts = (found: readonly { text: string }[]) => found.map(({ text }) => text);
  const ask = (user: UserId) => nearest(user, wordEmbedding('kept for'), 3).then(texts);
  for (const user of users) {
    await store.put(user, [recordOf(`kept for ${user}`)]);
    await ask(user);
  }
  for (const user of users) assert.deepEqual(await ask(user), [`kept for ${user}`]);
});

test('a collection that was deleted behind the store is searched no more, and made anew by the write after the one that misses it', async () => {
  const hal = UserId.parse('hal');
  const record = recordOf('to be deleted');
  await store.put(hal, [record]);
  const { name } = await collectionOf(hal);
  await server.deleteCollection({ name });
  assert.deepEqual(await nearest(hal, record.embedding, 5), []);
  await store.put(hal, [record]);
  await server.deleteCollection({ name });
  await assert.rejects(store.put(hal, [record]), RetryableError);
  await store.put(hal, [record]);
  assert.equal((await nearest(hal, record.embedding, 5)).length, 1);
});

test('texts of any characters come back as they were', async () => {
  const ida = UserId.parse('ida');
  const text = 'nul \u0000, quotes "\'`, 漢字, 😀, \u202e, line\nbreak';
  await store.put(ida, [recordOf(text)]);
  const [found] = await nearest(ida, wordEmbedding(text), 1);
  assert.equal(found?.text, text);
});

test('a text without a single word is stored and found, with a finite score', async () => {
  const jo = UserId.parse('jo');
  await store.put(jo, [recordOf('?!')]);
  const [found] = await nearest(jo, wordEmbedding('?!'), 1);
  assert.ok(found !== undefined && Number.isFinite(found.score));
});

test('what Chroma refuses is refused for good, without its contents in the message', async () => {
  const kim = UserId.parse('kim');
  const embedding = { model: 'empty', vector: [] };
  await assert.rejects(
    store.put(kim, [{ ...recordOf('private'), embedding }]),
    (error) =>
      error instanceof TerminalError &&
      error.failure.code === 'memory_refused' &&
      !error.message.includes('private'),
  );
});

test('a server that answers nothing holds a call for its time and no longer', async () => {
  const impatient = storeAt(chroma.url, keyring, { timeoutMs: 300 });
  chroma.freeze();
  try {
    const started = performance.now();
    const unavailable = (error: unknown) =>
      error instanceof RetryableError && error.code === 'memory_unavailable';
    await assert.rejects(
      impatient.nearest(UserId.parse('ann'), wordEmbedding('tea'), { limit: 1 }),
      unavailable,
    );
    await assert.rejects(impatient.put(UserId.parse('ann'), [recordOf('more tea')]), unavailable);
    await assert.rejects(impatient.check(), unavailable);
    assert.ok(performance.now() - started < 10_000);
  } finally {
    chroma.thaw();
  }
});

test('records outlive the sudden death of the server', async () => {
  const leo = UserId.parse('leo');
  await store.put(leo, [recordOf('kept')]);
  await chroma.kill();
  await assert.rejects(nearest(leo, wordEmbedding('kept'), 1), RetryableError);
  await chroma.start();
  assert.equal((await nearest(leo, wordEmbedding('kept'), 1))[0]?.text, 'kept');
});

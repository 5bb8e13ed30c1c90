// Whether a user's collection has all that the log had for it: what says so, what makes it doubtful, and how one is put in order again.
import assert from 'node:assert/strict';
import { after, beforeEach, test } from 'node:test';
import { ChromaClient } from 'chromadb';
import { UserId, WorkflowId } from '@troupe/contracts';
import { RetryableError } from '@troupe/shared';
import { createRenew } from './chroma-rebuild.ts';
import { createChromaServer } from './chroma-server.ts';
import type { MemoryRecord } from './store.ts';
import { testChroma } from './test-support/chroma.ts';
import { startKeys } from './test-support/keys.ts';
import { storeAt } from './test-support/stores.ts';
import { wordEmbedding } from './test-support/word-embedder.ts';

const chroma = await testChroma();
await chroma.start();
const keys = await startKeys();
after(() => keys[Symbol.asyncDispose]());
after(() => chroma[Symbol.asyncDispose]());
const keyring = keys.keyring();
const client = new ChromaClient({ host: '127.0.0.1', port: Number(new URL(chroma.url).port) });
const renew = createRenew(createChromaServer({ url: chroma.url, timeoutMs: 5_000 }), keyring);

/** The last event that left a memory and was acked; what is in a collection is behind it or not. */
let newest = 0;
const events = {
  acked: () => Promise.resolve(newest),
  missed: (_user: UserId, after: number) => Promise.resolve(newest > after),
};
/** A process of the service that has met nobody yet. */
const process_ = () => storeAt(chroma.url, keyring, { events });

let user: UserId;
let users = 0;
beforeEach(() => {
  newest = 0;
  users += 1;
  user = UserId.parse(`user-${users}`);
});

const record = (text: string, eventSeq: number, model = 'words'): MemoryRecord => ({
  ...({ kind: 'remembered', text, workflow: WorkflowId.parse(`wf_${eventSeq}`), eventSeq } as const),
  ...{ createdAt: new Date(0), embedding: { ...wordEmbedding(text), model } },
});
const near = (text: string, model = 'words') => ({ ...wordEmbedding(text), model });
const collection = async (slot: 'current' | 'next') =>
  client.getCollection({ name: (await keyring.need(user)).collection(slot) });

test('a user’s first records make his memory whole, which says how far it is, whatever order they come in', async () => {
  const store = process_();
  for (const seq of [4, 9, 7]) {
    assert.deepEqual(await store.put(user, [record(`fact ${seq}`, seq)]), { rebuilding: false });
    newest = Math.max(newest, seq);
  }
  for (const one of [store, process_()])
    assert.deepEqual(await one.standing(user), { model: 'words', projected: 9, rebuilding: false });
});

test('a memory that is behind the log, lost or emptied answers with what it has, says so, and claims no position', async () => {
  await process_().put(user, [record('kept', 5)]);
  newest = 8;
  const behind = await process_().nearest(user, near('kept'), { limit: 5 });
  assert.deepEqual([behind.memories.length, behind.rebuilding], [1, true]);

  newest = 5;
  await (await collection('current')).delete({ where: { sealed: { $ne: '' } } });
  assert.equal((await process_().standing(user)).rebuilding, true);

  const store = process_();
  newest = 0;
  await store.put(user, [record('kept', 5)]);
  newest = 5;
  await client.deleteCollection({ name: (await collection('current')).name });
  const lost = await store.nearest(user, near('kept'), { limit: 5 });
  assert.deepEqual([lost.memories, lost.rebuilding], [[], true]);
  assert.deepEqual(await store.put(user, [record('new', 9)]), { rebuilding: true });
  newest = 9;
  assert.deepEqual(await store.standing(user), { model: 'words', projected: 0, rebuilding: true });
  assert.equal((await collection('current')).metadata?.['projected'], undefined);
});

test('a Chroma that goes back to an older state is noticed by the next write, which is tried again and hides nothing', async () => {
  const store = process_();
  for (const seq of [3, 6]) await store.put(user, [record(`fact ${seq}`, seq)]);
  newest = 6;
  const then = await collection('current');
  await then.modify({ metadata: { ...then.metadata, projected: 3 } });
  await assert.rejects(store.put(user, [record('fact 8', 8)]), RetryableError);
  assert.deepEqual(await store.put(user, [record('fact 8', 8)]), { rebuilding: true });
  assert.equal((await collection('current')).metadata?.['projected'], 3);
});

test('records of another model go beside what is searched, which is searched until the others are whole', async () => {
  const store = process_();
  await store.put(user, [record('old', 1)]);
  assert.deepEqual(await store.put(user, [record('new', 2, 'letters')]), { rebuilding: true });
  const texts = async (model: string) => {
    const found = await process_().nearest(user, near('old', model), { limit: 5 });
    return [found.memories.map(({ text }) => text), found.rebuilding];
  };
  assert.deepEqual(await texts('words'), [['old'], true]);
  assert.deepEqual(await texts('letters'), [['new'], true]);
  await assert.rejects(store.put(user, [record('third', 3, 'syllables')]), { code: 'memory_rebuilding' });

  const renewal = await renew(user, near('', 'letters'));
  const all = [record('old', 1, 'letters'), record('new', 2, 'letters')];
  await assert.rejects(renewal.put([record('old', 1)]), { code: 'memory_rebuilding' });
  await renewal.put(all);
  await renewal.settle();
  assert.deepEqual(await texts('letters'), [['old', 'new'], true]);
  await renewal.finish(new Set(all.map((one) => renewal.name(one))), 2);
  assert.deepEqual(await texts('letters'), [['old', 'new'], false]);
  assert.deepEqual(await texts('words'), [[], true]);
  assert.deepEqual(await process_().standing(user), { model: 'letters', projected: 2, rebuilding: false });
  await assert.rejects(collection('next'));
});

test('what is rebuilt holds what the log accounts for and what is newer, and says that it is whole only if nothing is missing', async () => {
  const store = process_();
  await store.put(user, [record('kept', 1), record('stray', 2), record('newer', 9)]);
  await (await collection('current')).add({ ids: ['planted'], embeddings: [wordEmbedding('x').vector] });
  const renewal = await renew(user, near(''));
  assert.equal((await process_().standing(user)).projected, 0);
  const names = [record('kept', 1), record('lost', 3)].map((one) => renewal.name(one));
  assert.deepEqual([...(await renewal.held(names))], [names[0]]);
  await assert.rejects(renewal.finish(new Set(names), 5), { code: 'memory_rebuilding' });
  await renewal.put([record('lost', 3)]);
  await renewal.finish(new Set(names), 5);
  const { records, unreadable } = await process_().list(user, { limit: 10 });
  assert.deepEqual([records.map(({ text }) => text).toSorted(), unreadable], [['kept', 'lost', 'newer'], 0]);
  assert.equal((await process_().standing(user)).projected, 5);
});

test('what is forgotten is left behind with its collection, wherever a rebuild stood; no vector is asked for again', async () => {
  const store = process_();
  const [one, two, three] = [record('fact 1', 1), record('fact 2', 2), record('fact 3', 3)];
  await store.put(user, [one, two, three]);
  const texts = async () => (await process_().list(user, { limit: 5 })).records.map(({ text }) => text);
  const first = (await collection('current')).id;
  assert.deepEqual(await store.forgetWorkflow(user, WorkflowId.parse('wf_9')), { rebuilding: false });
  assert.deepEqual(await store.forgetWorkflow(user, three.workflow), { rebuilding: true });
  // One who died before it asked for the rebuild asks for it now.
  assert.deepEqual(await store.forgetWorkflow(user, three.workflow), { rebuilding: true });
  assert.deepEqual(await texts(), ['fact 1', 'fact 2']);

  const begun = await renew(user, near(''));
  const [name1, name2] = [begun.name(one), begun.name(two)];
  assert.deepEqual(await begun.held([name1, name2]), new Set([name1, name2]));
  const second = (await collection('next')).id;
  assert.deepEqual(await store.forgetRecord(user, name2), { rebuilding: true });
  assert.notEqual((await collection('next')).id, second);
  await assert.rejects(begun.held([name1]), { code: 'memory_unavailable' });

  const settled = await renew(user, near(''));
  assert.deepEqual(await settled.held([name1, name2]), new Set([name1]));
  await settled.settle();
  await assert.rejects(collection('current'));
  const third = (await collection('next')).id;
  await process_().put(user, [record('fact 4', 4)]);
  const name4 = settled.name(record('fact 4', 4));
  assert.deepEqual(await store.forgetRecord(user, name1), { rebuilding: true });
  assert.deepEqual(await texts(), ['fact 4']);
  await assert.rejects(settled.finish(new Set([name1]), 3), { code: 'memory_rebuilding' });

  const last = await renew(user, near(''));
  assert.deepEqual(await last.held([name1, name4]), new Set([name4]));
  await last.settle();
  await last.finish(new Set([name4]), 4);
  assert.ok(![first, second, third].includes((await collection('current')).id));
  await assert.rejects(collection('next'));
  assert.deepEqual(await texts(), ['fact 4']);
  assert.deepEqual(await process_().standing(user), { model: 'words', projected: 4, rebuilding: false });
});

test('records are listed page by page, of all runs or of one, and forgotten one by one, by run, and all at once', async () => {
  const store = process_();
  for (const seq of [1, 2, 3, 4, 5]) await store.put(user, [record(`fact ${seq}`, seq)]);
  const first = await store.list(user, { limit: 3 });
  const rest = await store.list(user, { limit: 3, after: first.next });
  const all = [...first.records, ...rest.records];
  assert.deepEqual(
    all.map(({ text }) => text),
    [1, 2, 3, 4, 5].map((seq) => `fact ${seq}`),
  );
  assert.equal(rest.next, undefined);
  const workflow = WorkflowId.parse('wf_4');
  assert.deepEqual((await store.list(user, { limit: 3, workflow })).records, [all[3]]);

  for (let time = 1; time <= 2; time += 1) await store.forgetRecord(user, all[0]?.id ?? '');
  for (let time = 1; time <= 2; time += 1) await store.forgetWorkflow(user, workflow);
  assert.equal(await store.count(user), 3);
  for (let time = 1; time <= 2; time += 1) await store.forgetUser(user);
  assert.equal(await process_().count(user), 0);
  await assert.rejects(collection('current'));
});

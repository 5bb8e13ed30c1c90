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

/** What the log has, all of it delivered; up to `acked` all is acked, and of the rest all but `pending`. */
let log: MemoryRecord[] = [];
let [acked, pending] = [0, 0];
const events = {
  projected: () => Promise.resolve({ acked, pending, delivered: 1_000 }),
  any: (_user: UserId, after: number) => Promise.resolve(log.some(({ eventSeq }) => eventSeq > after)),
  async *left(_user: UserId, after: number, upTo: number) {
    for (const memory of log)
      if (memory.eventSeq > after && memory.eventSeq <= upTo)
        yield await Promise.resolve([{ seq: memory.eventSeq, memories: [memory] }]);
  },
};
let forgotten = new Set<string>();
/** A process of the service that has met nobody yet. */
const process_ = () => storeAt(chroma.url, keyring, { events, forgotten });

let user: UserId;
let users = 0;
beforeEach(() => {
  log = [];
  [acked, pending] = [0, 0];
  forgotten = new Set();
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
  log = [4, 7, 9].map((seq) => record(`fact ${seq}`, seq));
  pending = 3;
  for (const [seq, projected] of [
    [4, 4],
    [9, 6],
    [7, 7],
  ] as const) {
    assert.deepEqual(await store.put(user, [record(`fact ${seq}`, seq)]), { rebuilding: false });
    assert.equal((await store.standing(user)).projected, projected);
  }
  [acked, pending] = [9, 0];
  assert.deepEqual(await process_().standing(user), { model: 'words', projected: 7, rebuilding: false });
});

test('what was acked is missed though a delivery that is stuck hides how far the log is', async () => {
  log = [501, 502, 503].map((seq) => record(`fact ${seq}`, seq));
  [acked, pending] = [499, 1];
  const newer = record('newer', 600);
  log.push(newer);
  assert.deepEqual(await process_().put(user, [newer]), { rebuilding: true });
  assert.equal((await collection('current')).metadata?.['projected'], undefined);
  assert.equal((await process_().standing(user)).rebuilding, true);
});

test('the history of a user of whom nothing is stored is read once', async () => {
  const read: number[] = [];
  const left = (_user: UserId, after: number) => {
    read.push(after);
    return events.left(_user, after, 0);
  };
  const store = storeAt(chroma.url, keyring, {
    events: { ...events, left, any: () => Promise.resolve(true) },
  });
  acked = 700;
  for (let time = 1; time <= 2; time += 1)
    assert.equal((await store.nearest(user, near('x'), { limit: 1 })).rebuilding, false);
  assert.deepEqual(read, [0, 700]);
});

test('a write says no more than what is stored, whoever acked what before it', async () => {
  const store = process_();
  log = [record('fact 3', 3)];
  pending = 1;
  await store.put(user, log);
  // Acked and lost, and still on its way as far as anybody can tell.
  log = [...log, record('fact 5', 5), record('fact 8', 8)];
  [acked, pending] = [3, 2];
  await store.put(user, [record('fact 8', 8)]);
  assert.equal((await collection('current')).metadata?.['projected'], 4);
  [acked, pending] = [8, 0];
  assert.equal((await process_().standing(user)).rebuilding, true);
});

test('what is marked as forgotten while it is written is not kept, and neither is what is written for one who is erased', async () => {
  const [kept, gone] = [record('kept', 1), record('gone', 2)];
  forgotten.add((await keyring.need(user)).record(gone));
  assert.deepEqual(await process_().put(user, [kept, gone]), { rebuilding: true });
  const { records } = await process_().list(user, { limit: 5 });
  assert.deepEqual(
    records.map(({ text }) => text),
    ['kept'],
  );

  const own = await keyring.need(user);
  const erasing = storeAt(chroma.url, {
    ...keyring,
    find: async (one) => {
      await keyring.destroy(one);
      return keyring.find(one);
    },
  });
  await assert.rejects(erasing.put(user, [record('late', 3)]), RetryableError);
  await assert.rejects(client.getCollection({ name: own.collection('current') }));
});

test('a memory that is behind the log, lost or emptied answers with what it has, says so, and claims no position', async () => {
  log = [record('kept', 5)];
  await process_().put(user, log);
  log.push(record('later', 8));
  acked = 8;
  const behind = await process_().nearest(user, near('kept'), { limit: 5 });
  assert.deepEqual([behind.memories.length, behind.rebuilding], [1, true]);

  log.pop();
  await (await collection('current')).delete({ where: { sealed: { $ne: '' } } });
  assert.equal((await process_().standing(user)).rebuilding, true);

  const store = process_();
  acked = 0;
  pending = 1;
  await store.put(user, [record('kept', 5)]);
  [acked, pending] = [5, 0];
  await client.deleteCollection({ name: (await collection('current')).name });
  const lost = await store.nearest(user, near('kept'), { limit: 5 });
  assert.deepEqual([lost.memories, lost.rebuilding], [[], true]);
  assert.deepEqual(await store.put(user, [record('new', 9)]), { rebuilding: true });
  assert.deepEqual(await store.standing(user), { model: 'words', projected: 0, rebuilding: true });
  assert.equal((await collection('current')).metadata?.['projected'], undefined);
});

test('a Chroma that goes back to an older state is noticed by the next write, which is tried again and hides nothing', async () => {
  const store = process_();
  log = [3, 6].map((seq) => record(`fact ${seq}`, seq));
  pending = 2;
  for (const one of log) await store.put(user, [one]);
  await (await collection('current')).delete({
    ids: [(await keyring.need(user)).record(record('fact 6', 6))],
  });
  [acked, pending] = [6, 0];
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

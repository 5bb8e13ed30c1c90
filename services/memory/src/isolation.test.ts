// No way leads from one user to what another one left: not through the store, and not over NATS, whatever a query's body, filters or ids
// claim. Real nats-server, real Chroma.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ChromaClient } from 'chromadb';
import fc from 'fast-check';
import { rpc, rpcSubject, UserId, WorkflowId } from '@troupe/contracts';
import { RetryableError } from '@troupe/shared';
import type { Keyring } from './sealing/keyring.ts';
import type { MemoryStore } from './store.ts';
import type { Stack } from './test-support/stack.ts';
import { startStack } from './test-support/stack.ts';
import { storeAt } from './test-support/stores.ts';
import { startKeys } from './test-support/keys.ts';
import { wordEmbedding } from './test-support/word-embedder.ts';
import { WrittenRun } from './test-support/written-run.ts';

const CANARY = 'canary-8c41';
const OWNER = UserId.parse('owner');
const MODEL = wordEmbedding('').model;

let stack: Stack;
let keyring: Keyring;
let store: MemoryStore;
const opened = new AsyncDisposableStack();
before(async () => {
  stack = opened.use(await startStack());
  await stack.chroma.start();
  await stack.start();
  const keys = opened.use(await startKeys());
  keyring = keys.keyring();
  store = storeAt(stack.chroma.url, keyring);
});
after(() => opened.disposeAsync());

/** Ids as they may be, and those that code trips over. */
const strangers = fc
  .oneof(
    fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/),
    fc.constantFrom('Owner', 'OWNER', 'owner_', '-owner', '__proto__', 'constructor', 'users', 'master'),
  )
  .filter((id) => id !== OWNER)
  .map((id) => UserId.parse(id));

const client = (): ChromaClient =>
  new ChromaClient({ host: '127.0.0.1', port: Number(new URL(stack.chroma.url).port) });

test('no call of the store answers a user with another’s record, changes it or forgets it, whatever model, vector, text, run and name it is given', async () => {
  const kept = { kind: 'outcome', text: CANARY, workflow: WorkflowId.parse('wf_owner') } as const;
  const record = { ...kept, embedding: wordEmbedding(CANARY), createdAt: new Date(0), eventSeq: 7 };
  await store.put(OWNER, [record]);
  const own = await keyring.need(OWNER);
  const theirs = [own.collection('current'), own.record(kept), own.workflow(kept.workflow)];
  const names = fc.oneof(fc.string(), fc.constantFrom(MODEL, ...theirs, `${OWNER}/${MODEL}`, CANARY, '*'));
  const workflows = fc.constantFrom(kept.workflow, WorkflowId.parse('wf_other'));
  const calls = fc.record({
    ...{ user: strangers, name: names, limit: fc.integer({ min: 1, max: 100 }), workflow: workflows },
    ...{ write: fc.option(fc.nat()), forgets: fc.boolean() },
  });
  await fc.assert(
    fc.asyncProperty(calls, async ({ user, name, limit, workflow, write, forgets }) => {
      const near = { ...record.embedding, model: name };
      const { memories } = await store.nearest(user, near, { limit, workflow });
      const { records } = await store.list(user, { limit, after: name });
      for (const { createdAt } of [...memories, ...records]) assert.notEqual(createdAt.getTime(), 0);
      if (forgets) {
        await store.forgetRecord(user, name);
        await store.forgetWorkflow(user, workflow);
        await store.forgetUser(user);
      }
      if (write === null) return;
      const another = { ...record, workflow, eventSeq: write, embedding: near, createdAt: new Date(1) };
      await store.put(user, [another]).catch(unlessRebuilding);
    }),
    { numRuns: 40 },
  );
  const [first, ...others] = (await store.nearest(OWNER, record.embedding, { limit: 100 })).memories;
  assert.deepEqual(first, { ...kept, createdAt: new Date(0), eventSeq: 7, score: first?.score });
  assert.deepEqual(others, []);
});

/** A stranger who writes with a third model waits for his own memory to be rebuilt. */
function unlessRebuilding(error: unknown): void {
  if (!(error instanceof RetryableError && error.code === 'memory_rebuilding')) throw error;
}

test('no query over NATS leaves its user: whatever its body, filters and ids say, only the subject counts', async () => {
  const run = await WrittenRun.begin(stack.kernel, OWNER, 'wf_owner', 'Keep a secret');
  await run.remember(`The code is ${CANARY}`);
  await stack.projected();
  await stack.othersDone();
  const collections = await client().listCollections();
  const claims = fc.constantFrom(
    ...[OWNER, [OWNER], { $eq: OWNER }, { $ne: null }, '*', '>', 'wf_owner', ''],
    ...collections.flatMap(({ id, name }) => [id, name]),
  );
  const fields = fc.constantFrom(
    ...[
      'user',
      'user_id',
      'userId',
      'tenant',
      'where',
      'filter',
      'filters',
      'ids',
      'workflow',
      'workflow_id',
    ],
    ...['collection', 'collection_id', 'collectionName', 'model', 'include', '__proto__', 'subject'],
  );
  const body = fc.dictionary(fields, claims, { maxKeys: 5 });
  const list = async () => ask(rpcSubject('memory', 'list', OWNER), { limit: 100 });
  const before = await list();
  const record = /"id":"([0-9a-f]{32})"/.exec(before)?.[1];
  assert.ok(record !== undefined, before);
  const query = `The code is ${CANARY}`;
  const asking: readonly [method: string, request: object][] = [
    ['search', { query, k: 50 }],
    ['search', { query, k: 50, workflow_id: 'wf_owner' }],
    ['list', { limit: 100 }],
    ['list', { limit: 100, after: '0', workflow_id: 'wf_owner' }],
    ['status', {}],
    ['rebuild', {}],
    ['forget', { scope: { kind: 'record', record_id: record } }],
    ['forget', { scope: { kind: 'workflow', workflow_id: 'wf_owner' } }],
    ['forget', { scope: { kind: 'user' } }],
  ];
  const asked = new Set<UserId>();
  await fc.assert(
    fc.asyncProperty(
      strangers,
      body,
      fc.constantFrom(...asking),
      async (user, claimed, [method, request]) => {
        asked.add(user);
        const answer = await ask(rpcSubject('memory', method, user), { ...claimed, ...request });
        assert.ok(!answer.includes('"error"') || answer.includes('invalid_request'), answer);
        for (const theirs of ['The code', 'created_at', `"${OWNER}"`])
          assert.ok(!answer.includes(theirs), answer);
        if (method === 'status') assert.match(answer, /"records":0,/);
      },
    ),
    { numRuns: 80 },
  );
  for (const user of asked) await stack.jobsDone(user);
  assert.equal(await list(), before);
  const own = await ask(rpcSubject('memory', 'search', OWNER), { query: 'the code', k: 4, user_id: 'x' });
  assert.ok(own.includes(CANARY));
});

test('a query whose subject names no user, or more than one, is answered by nobody or with a failure', async () => {
  const subject = rpcSubject('memory', 'search', OWNER);
  for (const wrong of [
    subject.slice(0, -6),
    `${subject}.x`,
    subject.replace(OWNER, 'own%er'),
    `x.${subject}`,
  ]) {
    const answer = await ask(wrong, { query: CANARY, k: 5, user_id: OWNER }).catch(() => 'nobody');
    assert.ok(!answer.includes(CANARY), wrong);
    assert.ok(answer === 'nobody' || answer.includes('invalid_request'), wrong);
  }
});

test('every query of this service has its user in the subject', () => {
  const own = Object.values(rpc).filter(({ service }) => service === 'memory');
  for (const { method } of own)
    assert.equal(rpcSubject('memory', method, OWNER), `agents.rpc.memory.${method}.${OWNER}`);
  assert.ok(own.length > 0);
});

async function ask(subject: string, body: object): Promise<string> {
  const { connection } = stack.kernel;
  return (await connection.request(subject, JSON.stringify(body), { timeout: 3_000 })).string();
}

// No way leads from one user to what another one left: not through the store, and not over NATS, whatever a query's body, filters or ids
// claim. Real nats-server, real Chroma.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ChromaClient } from 'chromadb';
import fc from 'fast-check';
import { rpc, rpcSubject, UserId, WorkflowId } from '@troupe/contracts';
import { createChromaStore } from './chroma-store.ts';
import type { Keyring } from './sealing/keyring.ts';
import type { MemoryStore } from './store.ts';
import type { Stack } from './test-support/stack.ts';
import { startStack } from './test-support/stack.ts';
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
  store = createChromaStore({ url: stack.chroma.url, timeoutMs: 5_000, keyring });
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

test('no call of the store answers a user with another’s record, or changes it, whatever model, vector, text and workflow it names', async () => {
  const kept = { kind: 'outcome', text: CANARY, workflow: WorkflowId.parse('wf_owner') } as const;
  const record = { ...kept, embedding: wordEmbedding(CANARY), createdAt: new Date(0), eventSeq: 7 };
  await store.put(OWNER, [record]);
  const collection = (await keyring.need(OWNER)).collection(record.embedding);
  const names = fc.oneof(fc.string(), fc.constantFrom(MODEL, collection, `${OWNER}/${MODEL}`, CANARY, '*'));
  const writes = fc.option(
    fc.record({ eventSeq: fc.nat(), workflow: fc.constantFrom('wf_owner', 'wf_other') }),
  );
  await fc.assert(
    fc.asyncProperty(
      strangers,
      names,
      fc.integer({ min: 1, max: 100 }),
      writes,
      async (user, model, limit, write) => {
        const near = { ...record.embedding, model };
        const { memories } = await store.nearest(user, near, limit);
        assert.ok(memories.every(({ createdAt }) => createdAt.getTime() !== 0));
        if (write === null) return;
        const workflow = WorkflowId.parse(write.workflow);
        await store.put(user, [{ ...record, ...write, workflow, embedding: near, createdAt: new Date(1) }]);
      },
    ),
    { numRuns: 60 },
  );
  const [own, ...others] = (await store.nearest(OWNER, record.embedding, 100)).memories;
  assert.deepEqual(own, { ...kept, createdAt: new Date(0), eventSeq: 7, score: own?.score });
  assert.deepEqual(others, []);
});

test('no query over NATS leaves its user: whatever its body, filters and ids say, only the subject counts', async () => {
  const run = await WrittenRun.begin(stack.kernel, OWNER, 'wf_owner', 'Keep a secret');
  await run.remember(`The code is ${CANARY}`);
  await stack.projected();
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
  await fc.assert(
    fc.asyncProperty(strangers, body, fc.integer({ min: 1, max: 50 }), async (user, claimed, k) => {
      const answer = await ask(rpcSubject('memory', 'search', user), {
        ...claimed,
        query: `The code is ${CANARY}`,
        k,
      });
      assert.deepEqual(JSON.parse(answer), { result: { snippets: [] } });
    }),
    { numRuns: 100 },
  );
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

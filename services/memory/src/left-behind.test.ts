// A record or a run that is forgotten leaves nothing in Chroma's files: what remains of the user's memory moves to a new collection, the old
// one is dropped, and a vacuum clears it. A real nats-server, a real Chroma and its vacuum; only the embedding model is a stand-in.
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { ChromaClient } from 'chromadb';
import type { ForgetScope } from '@troupe/contracts';
import { rpc, UserId, WorkflowId } from '@troupe/contracts';
import { chromaStoreIn, findChroma, localDir, vacuumChroma } from '@troupe/setup';
import { callRpc, environment } from '@troupe/shared';
import type { Stack } from './test-support/stack.ts';
import { startStack } from './test-support/stack.ts';
import { wordVector } from './test-support/word-embedder.ts';
import { WrittenRun } from './test-support/written-run.ts';

let stack: Stack;
before(async () => {
  stack = await startStack();
});
beforeEach(async () => {
  await stack.chroma.start();
  await stack.start();
});
afterEach(async () => {
  await stack.stop();
  await stack.chroma.kill();
});
after(() => stack[Symbol.asyncDispose]());

/** What Chroma holds of one record, as its files would have it. */
interface Trace {
  readonly id: string;
  /** As it was given, and as Chroma has it for an index by cosine: of length 1. */
  readonly vectors: readonly Buffer[];
  readonly sealed: string;
}

async function tracesOf(user: string): Promise<Map<string, Trace>> {
  const client = new ChromaClient({ host: '127.0.0.1', port: Number(new URL(stack.chroma.url).port) });
  const { records } = await list(user);
  const textOf = new Map(records.map(({ id, text }) => [id, text]));
  const traces = new Map<string, Trace>();
  for (const collection of await client.listCollections({ limit: 100 })) {
    const { ids, embeddings, metadatas } = await collection.get({ include: ['embeddings', 'metadatas'] });
    for (const [i, id] of ids.entries()) {
      const text = textOf.get(id);
      if (text === undefined) continue;
      const vectors = [wordVector(text), embeddings[i] ?? []].map((vector) =>
        Buffer.from(Float32Array.from(vector).buffer),
      );
      const sealed = metadatas[i]?.['sealed'];
      assert.ok(typeof sealed === 'string');
      traces.set(text, { id, vectors, sealed });
    }
  }
  return traces;
}

/** How many files have each. */
async function found({ id, vectors, sealed }: Trace): Promise<Record<keyof Trace, number>> {
  const { dataDir } = stack.chroma;
  const entries = await readdir(dataDir, { recursive: true, withFileTypes: true });
  const files = await Promise.all(
    entries.filter((entry) => entry.isFile()).map((file) => readFile(join(file.parentPath, file.name))),
  );
  const count = (needles: readonly Buffer[]): number =>
    files.filter((file) => needles.some((needle) => file.includes(needle))).length;
  return { id: count([Buffer.from(id)]), vectors: count(vectors), sealed: count([Buffer.from(sealed)]) };
}

async function vacuum(): Promise<void> {
  const env = environment();
  const { command, args } = await findChroma({ env, localDir, report: () => undefined });
  const store = chromaStoreIn(stack.chroma.dataDir);
  assert.ok(store !== undefined);
  await vacuumChroma({ command, args, env, store });
}

const list = (user: string) =>
  callRpc(stack.kernel.connection, rpc.listMemory, {
    ...{ user: UserId.parse(user), request: { limit: 100 }, timeoutMs: 10_000 },
  });
async function forget(user: string, scope: ForgetScope): Promise<void> {
  const asking = { user: UserId.parse(user), request: { scope }, timeoutMs: 10_000 };
  await callRpc(stack.kernel.connection, rpc.forgetMemory, asking);
}
const search = (user: string, query: string) =>
  callRpc(stack.kernel.connection, rpc.searchMemory, {
    ...{ user: UserId.parse(user), request: { query, k: 5 }, timeoutMs: 10_000 },
  });
const recalled = async (user: string, query: string): Promise<string[]> =>
  (await search(user, query)).snippets.map(({ text }) => text);

/** Runs that ended, each of which leaves one record. Resolves with their texts. */
async function lives(user: string, answers: readonly string[]): Promise<string[]> {
  for (const [i, answer] of answers.entries()) {
    const run = await WrittenRun.begin(stack.kernel, user, `wf_${user}_${answers.length}_${i}`, 'Say it');
    await run.complete(answer);
  }
  await stack.projected();
  await stack.othersDone();
  return answers.map((answer) => `Goal: Say it\nAnswer: ${answer}`);
}

const assertGone = async (trace: Trace): Promise<void> =>
  assert.deepEqual(await found(trace), { id: 0, vectors: 0, sealed: 0 });
async function assertThere(trace: Trace): Promise<void> {
  const there = await found(trace);
  assert.ok(
    Object.values(there).every((files) => files > 0),
    JSON.stringify(there),
  );
}

test('a run that is forgotten is in no file after a vacuum; the others are recalled, and embedded no second time', async () => {
  const [kept = '', gone = '', also = ''] = await lives('ann', ['Harbours freeze', 'Seven', 'Bells ring']);
  const traces = await tracesOf('ann');
  assert.equal(traces.size, 3);
  for (const trace of traces.values()) await assertThere(trace);
  // What was paid for lately would hide that it is asked for again.
  await stack.stop();
  await stack.start();
  const asked: string[] = [];
  stack.onEmbed = (text) => void asked.push(text);

  await forget('ann', { kind: 'workflow', workflow_id: WorkflowId.parse('wf_ann_3_1') });
  await stack.jobsDone('ann');
  stack.onEmbed = () => undefined;
  assert.ok(!asked.some((text) => traces.has(text)), String(asked));
  assert.deepEqual(await tracesOf('ann'), new Map([...traces].filter(([text]) => text !== gone)));

  await stack.chroma.kill();
  await vacuum();
  for (const [text, trace] of traces) await (text === gone ? assertGone(trace) : assertThere(trace));
  await stack.chroma.start();
  assert.deepEqual((await recalled('ann', 'Say it')).toSorted(), [also, kept].toSorted());
});

test('so is a record, also when it was the last of its user, who is not rebuilt for ever after', async () => {
  await lives('bob', ['Lakes are deep', 'Roads are long']);
  const traces = await tracesOf('bob');
  for (const { id } of traces.values()) {
    await forget('bob', { kind: 'record', record_id: id });
    await stack.jobsDone('bob');
  }
  await stack.stop();
  await stack.chroma.kill();
  await vacuum();
  for (const trace of traces.values()) await assertGone(trace);

  await stack.chroma.start();
  await stack.start();
  assert.deepEqual(await search('bob', 'Lakes are deep'), { snippets: [] });
  const fresh = await lives('bob', ['Bridges are new']);
  assert.deepEqual(await recalled('bob', 'Bridges are new'), fresh);
});

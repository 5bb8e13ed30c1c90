// What is projected can be had again from the log, whatever became of Chroma and whatever model makes the vectors. A real nats-server and a
// real Chroma; only the embedding model is a stand-in.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ChromaClient } from 'chromadb';
import type { Rpc } from '@troupe/contracts';
import { rpc, UserId } from '@troupe/contracts';
import { callRpc, TerminalError } from '@troupe/shared';
import type { Stack } from './test-support/stack.ts';
import { startStack } from './test-support/stack.ts';
import { WORD_MODEL } from './test-support/word-embedder.ts';
import { WrittenRun } from './test-support/written-run.ts';

let stack: Stack;
before(async () => {
  stack = await startStack();
  await stack.chroma.start();
  await stack.start();
});
after(() => stack[Symbol.asyncDispose]());

const asking = <Definition extends Rpc>(user: string, definition: Definition, request: object = {}) =>
  callRpc(stack.kernel.connection, definition, {
    ...{ user: UserId.parse(user), timeoutMs: 10_000 },
    request: request as never,
  });
const client = (): ChromaClient =>
  new ChromaClient({ host: '127.0.0.1', port: Number(new URL(stack.chroma.url).port) });
const textsOf = async (user: string): Promise<string[]> =>
  (await asking(user, rpc.listMemory, { limit: 100 })).records.map(({ text }) => text).toSorted();

async function lives(user: string, runs: number): Promise<string[]> {
  const texts: string[] = [];
  for (let n = 1; n <= runs; n += 1) {
    const run = await WrittenRun.begin(stack.kernel, user, `wf_${user}_${n}`, `Goal ${n}`);
    await run.remember(`Fact ${n}`);
    await run.write('tool.completed', { tool: 'notify_user', call_id: 'c', output: { text: '{}' } });
    if (n % 2 === 0) await run.complete(`Answer ${n}`);
    texts.push(`Fact ${n}`, ...(n % 2 === 0 ? [`Goal: Goal ${n}\nAnswer: Answer ${n}`] : []));
  }
  await stack.projected();
  return texts.toSorted();
}

/** Every collection of everybody, as after the loss of a disk. */
async function losing(): Promise<void> {
  for (const { name } of await client().listCollections({ limit: 100 }))
    await client().deleteCollection({ name });
}

test('a memory that was lost is rebuilt from the log when it is first asked for, with all that is in it, once', async () => {
  const texts = await lives('ann', 4);
  assert.deepEqual(await textsOf('ann'), texts);
  await losing();
  const { rebuilding } = await asking('ann', rpc.searchMemory, { query: 'Fact', k: 4 });
  assert.equal(rebuilding, true);
  await stack.jobsDone('ann');
  assert.deepEqual(await textsOf('ann'), texts);
  const { records, jobs, projected_seq } = await asking('ann', rpc.memoryStatus);
  assert.equal(records, texts.length);
  assert.ok((projected_seq ?? 0) > 0);
  const [job] = jobs;
  assert.ok(job?.kind === 'rebuild' && job.state === 'done');
  assert.deepEqual(job.events, { projected: 10, total: 10 });
});

test('asked for on a memory that is whole, a rebuild embeds nothing again and leaves the same records', async () => {
  const texts = await lives('bob', 3);
  const asked: string[] = [];
  stack.onEmbed = (text) => void asked.push(text);
  const job = await asking('bob', rpc.rebuildMemory);
  assert.equal(job.kind, 'rebuild');
  await stack.jobsDone('bob');
  stack.onEmbed = () => undefined;
  assert.deepEqual(await textsOf('bob'), texts);
  assert.ok(
    asked.every((text) => !texts.includes(text)),
    String(asked),
  );
});

test('after a change of the embedding model a memory moves to the new one as a whole, and what is left meanwhile is in it', async () => {
  const texts = await lives('cid', 4);
  assert.equal((await asking('cid', rpc.memoryStatus)).model, WORD_MODEL);
  stack.model = 'another-model';
  const run = await WrittenRun.begin(stack.kernel, 'cid', 'wf_cid_later', 'Later');
  await run.remember('Fact 5');
  await stack.projected();
  await stack.jobsDone('cid');
  assert.deepEqual(await textsOf('cid'), [...texts, 'Fact 5'].toSorted());
  const { model, records } = await asking('cid', rpc.memoryStatus);
  assert.deepEqual([model, records], ['another-model', texts.length + 1]);
  const found = await asking('cid', rpc.searchMemory, { query: 'Fact 3', k: 1 });
  assert.deepEqual([found.snippets[0]?.text, found.rebuilding], ['Fact 3', undefined]);
  // What was paid for lately is of that model.
  await stack.stop();
  stack.model = WORD_MODEL;
  await stack.start();
});

test('a text that the model refuses is missing alone, and what cannot be read stops no rebuild', async () => {
  stack.onEmbed = (text) => {
    if (text === 'Unspeakable')
      throw new TerminalError({ code: 'embeddings_rejected', message: 'Refused.', hint: 'None.' });
  };
  const texts = await lives('dan', 3);
  const run = await WrittenRun.begin(stack.kernel, 'dan', 'wf_dan_spoilt', 'Be spoilt');
  await run.remember('Unspeakable');
  await run.write('tool.completed', { tool: 'remember', call_id: 'c', output: { text: 'not JSON' } });
  await stack.projected();
  assert.deepEqual(await textsOf('dan'), texts);
  await losing();
  await asking('dan', rpc.rebuildMemory);
  await stack.jobsDone('dan');
  stack.onEmbed = () => undefined;
  assert.deepEqual(await textsOf('dan'), texts);
  assert.equal((await asking('dan', rpc.searchMemory, { query: 'Fact', k: 4 })).rebuilding, undefined);
});

test('what equal runs left is told once, and does not bury what is behind it', async () => {
  for (let n = 1; n <= 40; n += 1) {
    const run = await WrittenRun.begin(stack.kernel, 'eve', `wf_eve_${n}`, 'Water the plants');
    await run.remember('The plants are watered');
  }
  const other = await WrittenRun.begin(stack.kernel, 'eve', 'wf_eve_other', 'Count the plants');
  await other.remember('Of the plants there are eleven');
  await stack.projected();
  const query = 'The plants are watered';
  const { snippets } = await asking('eve', rpc.searchMemory, { query, k: 2 });
  assert.deepEqual(
    snippets.map(({ text }) => text),
    ['The plants are watered', 'Of the plants there are eleven'],
  );
  const own = await asking('eve', rpc.searchMemory, { query, k: 4, workflow_id: 'wf_eve_7' });
  assert.deepEqual(
    own.snippets.map(({ workflow_id }) => workflow_id),
    ['wf_eve_7'],
  );
});

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startNode } from '@troupe/setup';
import { environment } from '@troupe/shared';
import type { Stack } from './test-support/stack.ts';
import { startStack } from './test-support/stack.ts';
import { WrittenRun } from './test-support/written-run.ts';

let stack: Stack;
before(async () => {
  stack = await startStack();
});
after(() => stack[Symbol.asyncDispose]());

const start = (env: Record<string, string>) =>
  startNode({
    name: 'memory',
    entry: fileURLToPath(new URL('main.ts', import.meta.url)),
    env: { ...environment(), NATS_URL: stack.natsUrl, CHROMA_URL: stack.chroma.url, ...env },
  });

test('the process says ready, answers from the log, and ends with code 0 when it is asked to', async () => {
  await stack.chroma.start();
  await using service = start({});
  await service.ready;
  const run = await WrittenRun.begin(stack.kernel, 'ann', 'wf_1', 'Ask for nothing');
  const { type, data } = await run.recall('nothing');
  assert.deepEqual({ type, data }, { type: 'memory.completed', data: { snippets: [] } });
  service.kill('SIGTERM');
  assert.deepEqual(await service.exited, { code: 0, signal: null });
});

test('a wrong setting ends the process at once with code 1 and the name of the variable', async () => {
  await using service = start({ CHROMA_URL: 'nowhere' });
  assert.equal((await service.exited).code, 1);
  assert.match(service.tail(), /CHROMA_URL: must be the address of a Chroma server/);
});

test('killed in the middle of its work, the next process finishes it', async () => {
  const run = await WrittenRun.begin(stack.kernel, 'bob', 'wf_2', 'Be killed');
  const first = start({});
  await first.ready;
  const texts = Array.from({ length: 40 }, (_, i) => `fact number ${i}`);
  for (const text of texts) await run.remember(text);
  first.kill('SIGKILL');
  await first.exited;

  await using next = start({});
  await next.ready;
  await stack.projected();
  const recalled = await run.recall('fact number', 50);
  const snippets = recalled.type === 'memory.completed' ? recalled.data.snippets : [];
  assert.deepEqual(snippets.map(({ text }) => text).toSorted(), texts.toSorted());
});

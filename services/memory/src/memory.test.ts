// The service as a whole, on a real nats-server and a real Chroma; only the embedding model is a stand-in.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { MemorySnippet } from '@troupe/contracts';
import { rpc, UserId } from '@troupe/contracts';
import { callRpc, DEAD_STREAM, RetryableError, TerminalError } from '@troupe/shared';
import type { Stack } from './test-support/stack.ts';
import { startStack } from './test-support/stack.ts';
import { WrittenRun } from './test-support/written-run.ts';

let stack: Stack;
before(async () => {
  stack = await startStack();
});
after(() => stack[Symbol.asyncDispose]());

type Answer = Awaited<ReturnType<WrittenRun['recall']>>;
const snippetsOf = ({ type, data }: Answer): readonly MemorySnippet[] => {
  assert.ok(type === 'memory.completed', JSON.stringify(data));
  return data.snippets;
};
const textsOf = (answer: Answer): string[] => snippetsOf(answer).map(({ text }) => text);
const failureOf = ({ type, data }: Answer): string => {
  assert.ok(type === 'memory.failed', JSON.stringify(data));
  return data.error.code;
};
const run = (user: string, workflow: string, goal = 'Do something'): Promise<WrittenRun> =>
  WrittenRun.begin(stack.kernel, user, workflow, goal);
const deadLetters = async (): Promise<number> => {
  const manager = await stack.kernel.connection.jetstreamManager();
  return (await manager.streams.info(DEAD_STREAM)).state.messages;
};

test('the service starts without Chroma, fails recalls within seconds, and answers them when Chroma has come', async () => {
  await stack.start();
  const asking = await run('early', 'wf_early_1');
  await asking.remember('Early birds start first');
  await stack.keyed('early');
  const started = performance.now();
  const failure = await asking.recall('anything');
  assert.equal(failureOf(failure), 'memory_unavailable');
  assert.ok(performance.now() - started < 8_000);

  await stack.chroma.start();
  await stack.projected();
  const later = await run('early', 'wf_early_2');
  assert.deepEqual(textsOf(await later.recall('early birds')), ['Early birds start first']);
});

test('what a run answered is recalled by a later run of the same user, with where and when it came from', async () => {
  const earlier = await run('ann', 'wf_ann_1', 'Read the total of the order');
  await earlier.complete('The total is 42.');
  await stack.projected();
  const recalled = await (await run('ann', 'wf_ann_2')).recall('What was the total of the order?');
  assert.deepEqual(textsOf(recalled), ['Goal: Read the total of the order\nAnswer: The total is 42.']);
  const completed = (await stack.kernel.log.read.whole(earlier)).at(-1);
  const [snippet] = snippetsOf(recalled);
  assert.equal(snippet?.workflow_id, 'wf_ann_1');
  assert.equal(snippet.created_at, new Date(completed?.storedAt ?? 0).toISOString());
});

test('what the tool remember was told is recalled by a later run, also when its own run has not ended', async () => {
  await (await run('bob', 'wf_bob_1')).remember('Bob takes his tea without milk');
  await stack.projected();
  const recalled = await (await run('bob', 'wf_bob_2')).recall('How does Bob take his tea?');
  assert.deepEqual(textsOf(recalled), ['Bob takes his tea without milk']);
});

test('outcomes of other tools leave nothing', async () => {
  const cleo = await run('cleo', 'wf_cleo_1');
  await cleo.write('tool.completed', {
    tool: 'notify_user',
    call_id: 'call_1',
    output: { text: '{"text":"x"}' },
  });
  await stack.projected();
  assert.deepEqual(textsOf(await cleo.recall('x')), []);
});

test('a user never recalls what another user’s run left, though the texts are equal', async () => {
  for (const user of ['dan', 'Dan', 'eve'])
    await (await run(user, `wf_${user}_1`)).remember('The code is 1234');
  await stack.projected();
  for (const user of ['dan', 'Dan', 'eve']) {
    const recalled = await (await run(user, `wf_${user}_2`)).recall('The code is 1234', 10);
    assert.deepEqual(
      snippetsOf(recalled).map(({ workflow_id }) => workflow_id),
      [`wf_${user}_1`],
    );
  }
});

test('no more than k snippets are answered, the nearest ones, of equal texts one, and nothing that is far', async () => {
  const fay = await run('fay', 'wf_fay_1');
  for (const text of ['red apples', 'red apples', 'green apples and pears', 'the weather in Oslo']) {
    await fay.remember(text);
  }
  await stack.projected();
  assert.deepEqual(textsOf(await fay.recall('red apples', 2)), ['red apples', 'green apples and pears']);
  assert.deepEqual(textsOf(await fay.recall('red apples', 50)), ['red apples', 'green apples and pears']);
});

test('a search over RPC answers as a recall does, for the user of its subject', async () => {
  await (await run('gus', 'wf_gus_1')).remember('Gus lives in Graz');
  await stack.projected();
  const search = (user: string) =>
    callRpc(stack.kernel.connection, rpc.searchMemory, {
      user: UserId.parse(user),
      request: { query: 'Where does Gus live?', k: 3 },
      timeoutMs: 5_000,
    });
  assert.deepEqual(
    (await search('gus')).snippets.map(({ text }) => text),
    ['Gus lives in Graz'],
  );
  assert.deepEqual((await search('stranger')).snippets, []);
});

test('the log read again from its beginning leaves the same records, none twice', async () => {
  const hal = await run('hal', 'wf_hal_1', 'Count to three');
  await hal.remember('Hal counts from one');
  await hal.complete('One, two, three.');
  await stack.projected();
  const asking = await run('hal', 'wf_hal_2');
  const before = await asking.recall('Hal counts to three', 12);
  assert.equal(textsOf(before).length, 2);

  await stack.stop();
  await stack.rewindProjection();
  await stack.start();
  await stack.projected();
  assert.deepEqual((await asking.recall('Hal counts to three', 12)).data, before.data);
});

test('what happens while Chroma is dead is remembered when it is back, and nothing is given up', async () => {
  const letters = await deadLetters();
  await stack.chroma.kill();
  const ida = await run('ida', 'wf_ida_1', 'Water the plants');
  await ida.remember('Ida has eleven plants');
  await ida.complete('They are watered.');
  await stack.keyed('ida');
  assert.equal((await ida.recall('plants')).type, 'memory.failed');
  await sleep(1_000);

  await stack.chroma.start();
  await stack.projected();
  const recalled = textsOf(await (await run('ida', 'wf_ida_2')).recall('the plants of Ida'));
  assert.deepEqual(recalled.toSorted(), [
    'Goal: Water the plants\nAnswer: They are watered.',
    'Ida has eleven plants',
  ]);
  assert.equal(await deadLetters(), letters);
});

test('what happens while embeddings are away, or their gateway has a fault, is remembered when they are back', async () => {
  const letters = await deadLetters();
  const faults = [
    new RetryableError('provider_unavailable', 'The embedding provider is away.'),
    new TerminalError({ code: 'invalid_request', message: 'A fault.', hint: 'None.' }),
  ];
  let asked = 0;
  stack.onEmbed = () => {
    throw faults[asked++ % faults.length] as Error;
  };
  const jo = await run('jo', 'wf_jo_1');
  await jo.remember('Jo plays the oboe');
  const failure = await jo.recall('oboe');
  assert.equal(failureOf(failure), 'memory_unavailable');
  await sleep(500);
  stack.onEmbed = () => undefined;
  await stack.projected();
  assert.deepEqual(textsOf(await jo.recall('oboe')), ['Jo plays the oboe']);
  assert.equal(await deadLetters(), letters);
});

test('an embedding that is refused for good fails its recall with the reason, and is not asked for again', async () => {
  const letters = await deadLetters();
  let refusals = 0;
  stack.onEmbed = (text) => {
    if (!text.includes('unspeakable')) return;
    refusals += 1;
    throw new TerminalError({
      code: 'embeddings_rejected',
      message: 'The model refuses this text.',
      hint: 'None.',
    });
  };
  const kim = await run('kim', 'wf_kim_1');
  await kim.remember('something unspeakable');
  await stack.projected();
  assert.equal(await deadLetters(), letters + 1);
  const failure = await kim.recall('unspeakable');
  assert.equal(failureOf(failure), 'embeddings_rejected');
  assert.equal(refusals, 2);
  stack.onEmbed = () => undefined;
});

test('an outcome that cannot be read becomes a dead letter and stops nobody else', async () => {
  const letters = await deadLetters();
  const leo = await run('leo', 'wf_leo_1');
  await leo.write('tool.completed', { tool: 'remember', call_id: 'call_1', output: { text: 'not JSON' } });
  await leo.remember('Leo was not stopped');
  await stack.projected();
  assert.equal(await deadLetters(), letters + 1);
  assert.deepEqual(textsOf(await leo.recall('stopped')), ['Leo was not stopped']);
});

test('a Chroma that hangs holds a run no longer than one that is dead', async () => {
  const mia = await run('mia', 'wf_mia_1');
  await mia.remember('Mia waits for nobody');
  await stack.projected();
  stack.chroma.freeze();
  const started = performance.now();
  const failure = await mia.recall('nobody').finally(() => stack.chroma.thaw());
  assert.equal(failureOf(failure), 'memory_unavailable');
  assert.ok(performance.now() - started < 8_000);
  assert.deepEqual(textsOf(await mia.recall('nobody')), ['Mia waits for nobody']);
});

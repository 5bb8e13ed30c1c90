import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { after, before, beforeEach, test } from 'node:test';
import { referenceTo } from '@troupe/contracts';
import { Run } from '../test-support/run.ts';
import type { Stack } from '../test-support/stack.ts';
import { startStack } from '../test-support/stack.ts';
import type { Visit, World } from '../test-support/world.ts';
import { startWorld } from '../test-support/world.ts';
import { notifyUser } from './notify-user.ts';

let stack: Stack;
let hook: World;
let answer: (response: ServerResponse) => void;

before(async () => {
  stack = await startStack();
  hook = await startWorld({ '/hook': (_visit, response) => answer(response) });
});
beforeEach(() => {
  answer = (response) => response.writeHead(204).end();
});
after(async () => {
  await hook[Symbol.asyncDispose]();
  await stack[Symbol.asyncDispose]();
});

const visitsOf = (workflow: string): Visit[] =>
  hook.visits.filter(({ body }) => (JSON.parse(body) as { workflow_id: string }).workflow_id === workflow);

async function notify(workflow: string, webhookUrl: string | undefined, given: Record<string, string>) {
  const tool = notifyUser({ webhookUrl });
  const run = await Run.begin(stack.kernel, workflow);
  const request = await run.call(referenceTo(tool.definition), given);
  const worker = await stack.serve([tool]);
  const outcome = await run.outcome(request);
  await worker[Symbol.asyncDispose]();
  return { run, request, outcome };
}

test('Without a webhook the message stands in the log, once, under an id that follows from the request.', async () => {
  const { run, request } = await notify('logged', undefined, { message: 'The total is 42.' });
  const notification_id = `n_${request}`;
  assert.deepEqual(await run.output(request), { notification_id, delivered: 'log' });
  assert.deepEqual(await run.caused(request), ['notification.created', 'tool.completed']);
  const created = await run.awaits(request, 'notification.created');
  assert.deepEqual(created.data, { notification_id, level: 'info', message: 'The total is 42.' });
});

test('A notification that a dead attempt has written is not written again.', async (t) => {
  const tool = notifyUser({ webhookUrl: undefined });
  const run = await Run.begin(stack.kernel, 'twice');
  const request = await run.call(referenceTo(tool.definition), { message: 'Once.' });
  await run.writeAsExecutor(request, 'notification', 'notification.created', {
    ...{ notification_id: `n_${request}`, level: 'info', message: 'Once.' },
  });
  const worker = await stack.serve([tool]);
  t.after(() => worker[Symbol.asyncDispose]());
  await run.output(request);
  assert.deepEqual(await run.caused(request), ['notification.created', 'tool.completed']);
});

test('A webhook gets the message with the ids of the log and the request as idempotency key.', async () => {
  const given = { message: 'The total is 42.', level: 'warning', correlation_id: 'of-the-model' };
  const { run, request } = await notify('hooked', `${hook.url}/hook`, given);
  const notification_id = `n_${request}`;
  assert.deepEqual(await run.output(request), { notification_id, delivered: 'webhook' });
  assert.deepEqual(await run.caused(request), ['tool.started', 'notification.created', 'tool.completed']);
  const [visit] = visitsOf('hooked');
  assert.equal(visit?.headers['idempotency-key'], request);
  assert.deepEqual(JSON.parse(visit.body), {
    notification_id,
    user_id: 'ann',
    workflow_id: 'hooked',
    level: 'warning',
    message: 'The total is 42.',
    correlation_id: 'corr-hooked',
  });
});

test('A webhook that refuses, redirects, hangs up or is away is told for what it is; we never ask it again.', async () => {
  const refused = { code: 'webhook_refused', retryable: false, outcome: 'not_done' };
  const cases = [
    { workflow: 'gone', answers: (r: ServerResponse) => r.writeHead(410).end(), expected: refused },
    {
      workflow: 'busy',
      answers: (r: ServerResponse) => r.writeHead(503).end(),
      expected: { ...refused, retryable: true },
    },
    {
      workflow: 'moved',
      answers: (r: ServerResponse) => r.writeHead(307, { location: '/hook' }).end(),
      expected: refused,
    },
    {
      workflow: 'rude',
      answers: (r: ServerResponse) => r.destroy(),
      expected: { code: 'webhook_unreachable', retryable: false, outcome: 'unknown' },
    },
  ];
  for (const { workflow, answers, expected } of cases) {
    answer = answers;
    const { run, request } = await notify(workflow, `${hook.url}/hook`, { message: 'Hello' });
    const { error, retryable, outcome } = await run.failure(request);
    assert.deepEqual({ code: error.code, retryable, outcome }, expected, workflow);
    assert.equal(visitsOf(workflow).length, 1, workflow);
  }
  const away = await startWorld({});
  await away[Symbol.asyncDispose]();
  const { run, request } = await notify('away', away.url, { message: 'Hello' });
  const { error, retryable, outcome } = await run.failure(request);
  assert.deepEqual([error.code, retryable, outcome], ['webhook_unreachable', true, 'not_done']);
});

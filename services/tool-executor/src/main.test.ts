import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { NodeService } from '@troupe/setup';
import { startNode } from '@troupe/setup';
import { environment } from '@troupe/shared';
import { testChromium } from './test-support/chromium.ts';
import { Run } from './test-support/run.ts';
import type { Stack } from './test-support/stack.ts';
import { startStack } from './test-support/stack.ts';
import { until } from './test-support/until.ts';
import type { World } from './test-support/world.ts';
import { page, startWorld } from './test-support/world.ts';

let stack: Stack;
let world: World;

before(async () => {
  stack = await startStack();
  // The hook takes the message and never answers.
  world = await startWorld({ '/hook': () => undefined, '/page': page('<p>here</p>') });
});
after(async () => {
  await world[Symbol.asyncDispose]();
  await stack[Symbol.asyncDispose]();
});

async function start(settings: Record<string, string>): Promise<NodeService> {
  const service = startNode({
    name: 'tool-executor',
    entry: fileURLToPath(new URL('main.ts', import.meta.url)),
    env: { ...environment(), NATS_URL: stack.natsUrl, ...settings },
  });
  await service.ready;
  return service;
}

const visitsTo = (path: string): number => world.visits.filter((visit) => visit.path === path).length;
test('The process says that it is ready, does a browser job, and ends with code 0 when it is asked to.', async () => {
  const settings = { CHROMIUM_PATH: await testChromium(), AGENT_EGRESS_ALLOW: `127.0.0.1:${world.port}` };
  await using service = await start(settings);
  const run = await Run.begin(stack.kernel, 'process');
  const steps = [{ action: 'extract', selector: 'p' }];
  const { extracts } = await run.output(
    await run.callNamed('spawn_browser_job', { url: `${world.url}/page`, steps }),
  );
  assert.deepEqual(extracts, [{ name: 'p', text: 'here' }]);
  service.kill('SIGTERM');
  assert.deepEqual(await service.exited, { code: 0, signal: null });
});

test('A process that is killed while it sends leaves a message that was sent once, and an outcome that is unknown.', async (t) => {
  const settings = { AGENT_NOTIFY_WEBHOOK_URL: `${world.url}/hook` };
  const first = await start(settings);
  const run = await Run.begin(stack.kernel, 'killed');
  const request = await run.callNamed('notify_user', { message: 'The total is 42.' });
  await until('the hook is called', () => visitsTo('/hook') > 0);
  first.kill('SIGKILL');
  await first.exited;
  const second = await start(settings);
  t.after(() => second.stop());
  const { error, outcome } = await run.failure(request);
  assert.deepEqual([error.code, outcome], ['outcome_unknown', 'unknown']);
  assert.deepEqual(await run.caused(request), ['tool.started', 'notification.created', 'tool.failed']);
  assert.equal(visitsTo('/hook'), 1);
});

test('A wrong setting ends the process at once with code 1 and the name of the variable.', async () => {
  await assert.rejects(start({ AGENT_EGRESS_ALLOW: 'everything' }), /AGENT_EGRESS_ALLOW: (?!.*everything)/);
});

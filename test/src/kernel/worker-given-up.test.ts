// The worker's rule for what cannot be done: it is dead-lettered and said to have failed, and nothing waits behind it (W3).
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { LogEvent } from '@troupe/contracts';
import { DEAD_STREAM, type Kernel, RetryableError, TerminalError } from '@troupe/shared';
import { someWorkflow } from '../support/events.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { calling, completed, endsWith, toolWorker } from '../support/tool-calls.ts';

let server: TestServer;
let kernel: Kernel;
before(async () => {
  server = await startTestServer();
  kernel = await server.kernel();
});
after(async () => {
  await kernel[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

test('a request that cannot be done is dead-lettered, followed by its failure, and holds back nothing (W3)', async (t) => {
  const poisons = new Map<string, () => Error>();
  toolWorker(t, kernel, {
    concurrency: 2,
    handle: (request) => {
      const poison = poisons.get(request.workflow);
      return poison === undefined ? Promise.resolve(completed(request)) : Promise.reject(poison());
    },
  });
  const failure = { code: 'tool_broken', message: 'z'.repeat(5_000), hint: 'Mend it.' };
  const kinds: [string, () => Error][] = [
    ['tool_broken', () => new TerminalError(failure)],
    ['internal_error', () => new TypeError('a bug')],
    ['site_down', () => new RetryableError('site_down', 'w'.repeat(5_000), { retryAfterMs: 10 })],
  ];
  const cases = kinds.map(([code, poison]) => {
    const key = someWorkflow();
    poisons.set(key.workflow, poison);
    return { key, code };
  });
  for (const { key } of cases) await calling(kernel, key);
  const behind = await Promise.all(Array.from({ length: 10 }, () => calling(kernel)));
  for (const { key } of behind) await endsWith(kernel, key, 'tool.completed');
  for (const { key, code } of cases) {
    await endsWith(kernel, key, 'tool.failed');
    const failed = (await kernel.log.read.head(key)) as LogEvent<'tool.failed'>;
    assert.equal(failed.data.error.code, code);
  }
  const { streams } = await kernel.connection.jetstreamManager();
  const { state } = await streams.info(DEAD_STREAM, { subjects_filter: 'agents-dead.tool-executor' });
  assert.equal(state.subjects?.['agents-dead.tool-executor'], 3);
});

test('a result that the log will never take is given up like any failure (W3)', async (t) => {
  const call_id = 'x'.repeat(1_100_000);
  toolWorker(t, kernel, {
    handle: ({ data: { tool } }) =>
      Promise.resolve({ type: 'tool.completed', data: { tool: tool.name, call_id, output: { text: '{}' } } }),
  });
  const { key } = await calling(kernel);
  await endsWith(kernel, key, 'tool.failed');
  assert.equal(((await kernel.log.read.head(key)) as LogEvent<'tool.failed'>).data.error.code, 'log_refused');
});

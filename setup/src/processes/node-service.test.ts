import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { scratch } from '../test-support/scratch.ts';
import { type NodeServiceOptions, startNode } from './node-service.ts';

async function service(t: TestContext, source: string): Promise<NodeServiceOptions> {
  const entry = join(scratch(t), 'main.ts');
  await writeFile(entry, source);
  return { name: 'sample', entry, env: {} };
}

const RUN_UNTIL_STOPPED = `
  const timer: NodeJS.Timeout = setInterval(() => {}, 1000);
  process.on('SIGTERM', () => clearInterval(timer));`;

test('the ready line is handed on with its fields, and other lines do not pass for it', async (t) => {
  const options = await service(
    t,
    `${RUN_UNTIL_STOPPED}
     console.error(JSON.stringify({ msg: 'ready', port: 1 }));
     console.log('"ready"');
     console.log(JSON.stringify({ msg: 'not ready', port: 2 }));
     console.log(JSON.stringify({ level: 30, msg: 'ready', port: 3 }));`,
  );
  const lines: string[] = [];
  await using running = startNode({ ...options, onLine: (line, from) => void lines.push(`${from} ${line}`) });
  assert.deepEqual(await running.ready, { level: 30, msg: 'ready', port: 3 });
  assert.ok(lines.includes('stdout "ready"'));
});

test('a service that ends before it is ready is an error with its last lines', async (t) => {
  const options = await service(t, `throw new Error('no configuration');`);
  const failed = startNode(options);
  await assert.rejects(failed.ready, {
    code: 'process_ended',
    message: /sample ended \(code 1\)[^]*no configuration/,
  });
});

test('a service that never says that it is ready is an error after the time that was given', async (t) => {
  await using silent = startNode({ ...(await service(t, RUN_UNTIL_STOPPED)), readyWithinMs: 50 });
  await assert.rejects(silent.ready, { code: 'not_ready', message: /sample runs but did not say/ });
});

test('a service that handles SIGTERM ends by itself when it is stopped', async (t) => {
  const options = await service(t, `${RUN_UNTIL_STOPPED} console.log(JSON.stringify({ msg: 'ready' }));`);
  const running = startNode(options);
  await running.ready;
  assert.deepEqual(await running.stop(), { code: 0, signal: null });
});

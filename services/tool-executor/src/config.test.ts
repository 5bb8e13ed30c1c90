import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StartupError } from '@troupe/shared';
import { readConfig } from './config.ts';

test('Without any variable the executor has its defaults, and allows no address beside the public internet.', () => {
  const config = readConfig({});
  assert.deepEqual([config.AGENT_BROWSER_CONCURRENCY, config.AGENT_TOOL_CONCURRENCY], [4, 32]);
  assert.deepEqual(config.AGENT_EGRESS_ALLOW, { hosts: new Set(), cidrs: [] });
  assert.equal(config.AGENT_NOTIFY_WEBHOOK_URL, undefined);
});

test('A wrong value is refused at the start, by the name of its variable and what is wrong with it.', () => {
  const wrong = {
    AGENT_EGRESS_ALLOW: ['10.0.0.0/99', 'localhost', 'http://localhost:80'],
    AGENT_NOTIFY_WEBHOOK_URL: ['ftp://example.com', 'example.com'],
    AGENT_BROWSER_CONCURRENCY: ['0', 'many'],
    AGENT_TOOL_CONCURRENCY: ['1.5'],
  };
  for (const [variable, values] of Object.entries(wrong))
    for (const value of values)
      assert.throws(
        () => readConfig({ [variable]: value }),
        (error) => error instanceof StartupError && error.failure.message.startsWith(`${variable}: `),
        `${variable}=${value}`,
      );
});

// Secrets under every condition that a start can meet: right settings, wrong ones, a server that is away. No line that a service writes,
// on stdout or stderr, holds one.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { root, startNode } from '@troupe/setup';
import type { TestServer } from '../support/server.ts';
import { startTestServer } from '../support/server.ts';
import { readTable, SERVICES } from './table.ts';

const CANARY = 'canary5f1d';
/** Of the form that a secret must have. */
const canaryFor = (variable: string): string => {
  if (variable.endsWith('_HEADERS')) return `key=${CANARY}`;
  return variable.startsWith('AGENT_MEMORY_KEY') ? `${CANARY.padEnd(43, 'A')}=` : CANARY;
};
const SECRETS = readTable().filter(({ secret }) => secret === 'yes');

let server: TestServer;
let folder: string;
before(async () => {
  [server, folder] = await Promise.all([startTestServer(), mkdtemp(join(tmpdir(), 'troupe-secrets-'))]);
});
after(async () => {
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

/** Every secret that there is, in whatever place it may stand. */
const secrets = (): Record<string, string> => ({
  APP_ENV: 'test',
  LOG_LEVEL: 'trace',
  PATH: process.env['PATH'] ?? '',
  ...(process.env['CHROMIUM_PATH'] && { CHROMIUM_PATH: process.env['CHROMIUM_PATH'] }),
  NATS_URL: server.nats.url.replace('//', `//user:${CANARY}@`),
  AGENT_NOTIFY_WEBHOOK_URL: `http://127.0.0.1:9/${CANARY}`,
  CHROMA_URL: 'http://127.0.0.1:9',
  ...Object.fromEntries(SECRETS.map(({ variable }) => [variable, canaryFor(variable)])),
});

interface Started {
  readonly lines: string;
  readonly code: number | undefined;
}

/** Far above what a service takes to drain, which is judged elsewhere: here it is about what it prints. */
const STOPS_WITHIN_MS = 60_000;

/** Starts a service; stops it once it is ready. */
async function start(service: string, env: Record<string, string>): Promise<Started> {
  const lines: string[] = [];
  await using process_ = startNode({
    name: service,
    entry: join(root, 'services', service, 'src/main.ts'),
    env,
    cwd: folder,
    readyWithinMs: 60_000,
    onLine: (line) => lines.push(line),
  });
  await process_.ready.catch(() => undefined);
  await process_.stop({ graceMs: STOPS_WITHIN_MS });
  const { code } = await process_.exited;
  return { lines: lines.join('\n'), code: code ?? undefined };
}

for (const service of SERVICES) {
  test(`${service} starts with every secret set, and prints none`, async () => {
    const { lines, code } = await start(service, secrets());
    assert.match(lines, /"msg":"ready"/);
    assert.equal(code, 0, lines);
    assert.doesNotMatch(lines, new RegExp(CANARY));
  });

  test(`${service} refuses wrong settings by name, all of its own at once, without a value`, async () => {
    const own = readTable().filter(({ readers, rule }) => readers.includes(service) && rule !== '');
    // What may stand in a file instead may not stand in both.
    const wrong = own.filter(
      ({ variable }) =>
        /^(AGENT|FF|LOG|OTEL)_/.test(variable) &&
        !variable.endsWith('_KEY_FILE') &&
        !variable.endsWith('_PREVIOUS_FILE'),
    );
    const env = {
      ...secrets(),
      ...Object.fromEntries(wrong.map(({ variable }) => [variable, ` ${CANARY} `])),
    };
    const { lines, code } = await start(service, env);
    assert.equal(code, 1);
    for (const { variable, rule } of wrong)
      assert.ok(lines.includes(`${variable}: must be ${rule}`), variable);
    assert.doesNotMatch(lines, new RegExp(CANARY));
  });

  test(`${service} says that the server is away, by its host alone`, async () => {
    const { lines, code } = await start(service, {
      ...secrets(),
      NATS_URL: `nats://user:${CANARY}@127.0.0.1:9`,
    });
    assert.equal(code, 1);
    assert.match(lines, /nats_unreachable: No NATS server answers at 127\.0\.0\.1:9\./);
    assert.doesNotMatch(lines, new RegExp(CANARY));
  });
}

test('a key with a space, in a variable or in a file, is refused without being told', async () => {
  const file = join(folder, 'key');
  await writeFile(file, `${CANARY} ${CANARY}\n`);
  for (const key of [{ OPENAI_API_KEY: `${CANARY} x` }, { OPENAI_API_KEY: '', OPENAI_API_KEY_FILE: file }]) {
    const { lines, code } = await start('llm-gateway', { ...secrets(), ...key });
    assert.equal(code, 1);
    assert.match(lines, /OPENAI_API_KEY(_FILE)?: (its content )?must be visible ASCII without spaces/);
    assert.doesNotMatch(lines, new RegExp(CANARY));
  }
});

test('a typo in a variable is warned of by every service, with what was meant', async () => {
  const { lines } = await start('planner', { ...secrets(), AGENT_MAX_TOKEN: CANARY });
  assert.match(lines, /"level":"warn".*AGENT_MAX_TOKEN is not a variable of Troupe.*AGENT_MAX_TOKENS/);
  assert.doesNotMatch(lines, new RegExp(CANARY));
});

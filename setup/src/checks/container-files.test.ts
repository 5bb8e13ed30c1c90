// The real tools on planted faults. Where a tool cannot be had, its tests are skipped and say why.
import assert from 'node:assert/strict';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { root } from '../root.ts';
import { scratch } from '../test-support/scratch.ts';
import type { Check, Finding } from './check.ts';
import { checkCompose, checkDockerfile } from './container-files.ts';

type Fault = readonly [file: string, from: string, to: string];

/** What the check finds in a copy of the files with one fault in it; undefined where its tool cannot be had. */
async function foundIn(t: TestContext, check: Check['find'], fault?: Fault): Promise<Finding | undefined> {
  const folder = scratch(t);
  for (const path of ['docker-compose.yaml', 'Dockerfile', 'deploy']) {
    cpSync(join(root, path), join(folder, path), { recursive: true });
  }
  if (fault !== undefined) {
    const [file, from, to] = fault;
    const before = readFileSync(join(folder, file), 'utf8');
    assert.ok(before.includes(from), `${file} has no ${from}`);
    writeFileSync(join(folder, file), before.replace(from, to));
  }
  const finding = await check({ root: folder, env: process.env });
  if (finding.ok !== 'not run') return finding;
  t.skip(finding.why);
  return undefined;
}

test('Docker Compose takes the stack in every form in which it is started', async (t) => {
  const finding = await foundIn(t, checkCompose);
  if (finding !== undefined) assert.equal(finding.ok, true, JSON.stringify(finding));
});

test('hadolint finds nothing in the Dockerfile', async (t) => {
  const finding = await foundIn(t, checkDockerfile);
  if (finding !== undefined) assert.equal(finding.ok, true, JSON.stringify(finding));
});

const faults: readonly (readonly [what: string, check: Check['find'], fault: Fault, said: RegExp])[] = [
  ['an unknown key', checkCompose, ['docker-compose.yaml', 'read_only: true', 'readonly: true'], /readonly/],
  [
    'a service that waits for nobody',
    checkCompose,
    ['docker-compose.yaml', 'chroma: { condition', 'chrome: { condition'],
    /chrome/,
  ],
  [
    'a fault that shows only with the simulator',
    checkCompose,
    ['docker-compose.yaml', 'profiles: [simulator]', 'profiles: [simulator]\n    expose: { a: 1 }'],
    /provider-simulator/,
  ],
  [
    'a fault in the file for secrets',
    checkCompose,
    ['deploy/secrets.yaml', 'secrets: [openai_api_key,', 'secrets: [another_key,'],
    /another_key/,
  ],
  [
    'an image without a version',
    checkDockerfile,
    ['Dockerfile', 'FROM nats:2.15.1-alpine AS', 'FROM nats AS'],
    /DL3006/,
  ],
  ['a health check twice', checkDockerfile, ['Dockerfile', 'EXPOSE 9100', 'HEALTHCHECK NONE'], /DL3012/],
];

for (const [what, check, fault, said] of faults) {
  test(`${what} is found`, async (t) => {
    const finding = await foundIn(t, check, fault);
    if (finding === undefined) return;
    assert.ok(finding.ok === false, 'nothing was found');
    assert.match(finding.output, said);
  });
}

test('where the tools cannot be had the checks say so, loudly, and do not fail', async (t) => {
  const env = { PATH: join(scratch(t), 'empty'), HOME: '/nonexistent' };
  const nowhere = {
    root,
    env,
    localDir: scratch(t),
    origins: { installed: () => undefined, systemPackages: undefined },
  };
  for (const check of [checkCompose, checkDockerfile]) {
    const finding = await check(nowhere);
    assert.ok(finding.ok === 'not run');
    assert.match(finding.why, /is missing: nothing was found/);
  }
});

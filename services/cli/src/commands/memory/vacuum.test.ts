// `troupe memory vacuum` beside a Chroma that runs, and after it was stopped. What it clears, see the test of setup.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { findChroma, localDir, startChroma } from '@troupe/setup';
import { environment } from '@troupe/shared';
import { startTroupe } from '../../test-support/troupe.ts';

test('vacuum refuses while Chroma answers or has its files open, and says what it did once Chroma is stopped', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'troupe-vacuum-'));
  const env = environment();
  const { command, args } = await findChroma({ env, localDir, report: () => undefined });
  const vacuum = (more: Readonly<Record<string, string>>, ...words: string[]) =>
    startTroupe(['memory', 'vacuum', ...words], { CHROMA_URL: '', ...more }).ended;
  try {
    await using server = await startChroma({ command, args, env, dataDir });
    const byUrl = await vacuum({ CHROMA_URL: server.url }, '--path', dataDir);
    assert.deepEqual([byUrl.code, byUrl.stdout], [1, '']);
    assert.match(byUrl.stderr, /A Chroma answers at CHROMA_URL\.\n {2}Stop Chroma .*\(chroma_running\)/);
    if (process.platform === 'linux') {
      const byFile = await vacuum({}, '--path', dataDir);
      assert.deepEqual([byFile.code, byFile.stdout], [1, '']);
      assert.match(byFile.stderr, new RegExp(`in use by .*\\(pid ${server.pid}\\)`));
    }
    await server.stop();
    const cleared = await vacuum({ CHROMA_PERSIST_DIR: dataDir, CHROMA_URL: server.url }, '--json');
    assert.equal(cleared.code, 0, cleared.stderr);
    const told = JSON.parse(cleared.stdout) as Record<string, unknown>;
    assert.deepEqual([told['folder'], told['indexes_removed']], [join(dataDir, 'store'), 0]);
    assert.ok(Number(told['bytes_after']) > 0);
  } finally {
    await rm(dataDir, { recursive: true, force: true, maxRetries: 5 });
  }
});

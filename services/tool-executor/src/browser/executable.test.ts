import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { test } from 'node:test';
import { findBrowser } from './executable.ts';

test('The named browser is taken; else the first executable of a known name on PATH; else none.', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'troupe-browser-'));
  try {
    const file = join(folder, 'chromium');
    const path = ['/nowhere', '', folder].join(delimiter);
    assert.equal(findBrowser(undefined, path), undefined);
    await writeFile(file, '');
    assert.equal(findBrowser(undefined, path), undefined, 'not executable');
    await chmod(file, 0o755);
    assert.equal(findBrowser(undefined, path), file);
    assert.equal(findBrowser('/opt/chrome', path), '/opt/chrome');
  } finally {
    await rm(folder, { recursive: true });
  }
});

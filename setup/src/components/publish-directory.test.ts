import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { scratch } from '../test-support/scratch.ts';
import { discardDirectory, publishDirectory } from './publish-directory.ts';

test('a folder appears whole or not at all', async (t) => {
  const folder = scratch(t);
  const target = join(folder, 'thing');
  await publishDirectory(target, async (draft) => {
    await writeFile(join(draft, 'first'), '');
    assert.ok(!(await readdir(folder)).includes('thing'), 'half of it can be seen');
    await writeFile(join(draft, 'second'), '');
  });
  assert.deepEqual((await readdir(target)).sort(), ['first', 'second']);
});

test('of two that publish at once the first stays, and the second neither fails nor leaves its draft', async (t) => {
  const folder = scratch(t);
  const target = join(folder, 'thing');
  const fillWith = (text: string) => (draft: string) => writeFile(join(draft, 'who'), text);
  await publishDirectory(target, async (draft) => {
    await fillWith('slow')(draft);
    await publishDirectory(target, fillWith('fast'));
  });
  assert.equal(await readFile(join(target, 'who'), 'utf8'), 'fast');
  assert.deepEqual(await readdir(folder), ['thing']);
});

test('a draft that a killed process left behind is removed once it is an hour old, a fresh one is left alone', async (t) => {
  const folder = scratch(t);
  for (const name of ['thing.draft-old', 'thing.draft-new', 'other.draft-old'])
    await mkdir(join(folder, name));
  const twoHoursAgo = new Date(Date.now() - 2 * 60 * 60_000);
  for (const name of ['thing.draft-old', 'other.draft-old'])
    await utimes(join(folder, name), twoHoursAgo, twoHoursAgo);
  await publishDirectory(join(folder, 'thing'), () => Promise.resolve());
  assert.deepEqual((await readdir(folder)).sort(), ['other.draft-old', 'thing', 'thing.draft-new']);
});

test('discarding a folder that is already gone is not an error', async (t) => {
  const folder = scratch(t);
  await mkdir(join(folder, 'thing'));
  await Promise.all([discardDirectory(join(folder, 'thing')), discardDirectory(join(folder, 'thing'))]);
  assert.deepEqual(await readdir(folder), []);
});

// What erasing promises: the bytes of what was deleted are nowhere in the server's folder, and everything else is where it was.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { DirectReader, eraseMessages, MEMORY_JOBS_BUCKET, openEntries, subjectsOf } from '@troupe/shared';
import { startTestServer } from '../support/server.ts';

const STREAM = `KV_${MEMORY_JOBS_BUCKET}`;

async function filesHold(folder: string, text: string): Promise<boolean> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  const bytes = await Promise.all(
    files.filter((file) => file.isFile()).map((file) => readFile(join(file.parentPath, file.name))),
  );
  return bytes.some((content) => content.includes(text));
}

test('an erased message is nowhere in the folder of the server, those beside it stay, and erasing it again is nothing', async () => {
  await using server = await startTestServer();
  await using kernel = await server.kernel();
  const values = Array.from({ length: 50 }, () => randomBytes(16).toString('hex'));
  const seqs: number[] = [];
  for (const [i, value] of values.entries()) {
    const outcome = await kernel.publisher.publish(`$KV.${MEMORY_JOBS_BUCKET}.a.${i}`, {}, value, 5_000);
    assert.ok(outcome.kind === 'stored');
    seqs.push(outcome.seq);
  }
  const half = seqs.filter((_, i) => i % 2 === 0);
  assert.equal(await eraseMessages(kernel.connection, STREAM, half), half.length);
  assert.equal(await eraseMessages(kernel.connection, STREAM, half), 0);
  assert.equal(await eraseMessages(kernel.connection, STREAM, [10_000]), 0);
  for (const [i, value] of values.entries())
    assert.equal(await filesHold(server.storeDir, value), i % 2 === 1, `value ${i}`);
  assert.equal((await subjectsOf(kernel.connection, STREAM, `$KV.${MEMORY_JOBS_BUCKET}.a.*`)).length, 25);
  const first = await new DirectReader(kernel.connection, STREAM).first(`$KV.${MEMORY_JOBS_BUCKET}.a.*`);
  assert.equal(first?.seq, seqs[1]);
});

test('an entry that is erased is not there, and not even said to have been deleted', async () => {
  await using server = await startTestServer();
  await using kernel = await server.kernel();
  const entries = openEntries(kernel.connection, kernel.publisher, MEMORY_JOBS_BUCKET);
  await entries.put('b', 'value', 0, 5_000);
  assert.equal(await entries.erase('b'), 1);
  assert.equal((await entries.read()).size, 0);
  assert.equal((await entries.put('b', 'again', 0, 5_000)).kind, 'stored');
});

test('erasing is refused with a code where the stream is not there', async () => {
  await using server = await startTestServer({ provisioned: false });
  await using kernel = await server.kernel();
  await assert.rejects(eraseMessages(kernel.connection, STREAM, [1]), { code: 'not_erased' });
  await assert.rejects(subjectsOf(kernel.connection, STREAM, '>'), { code: 'stream_unreadable' });
});

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { findChroma } from '../components/chroma.ts';
import { localDir } from '../root.ts';
import { scratch, script } from '../test-support/scratch.ts';
import { chromaStoreIn, vacuumChroma } from './chroma-vacuum.ts';
import { startChroma } from './chroma.ts';

const COLLECTIONS = 'api/v2/tenants/default_tenant/databases/default_database/collections';
const RECORDS = 60;
const DIMENSIONS = 16;

/** The same vector for the same place, in numbers that float32 holds exactly. */
const vectorOf = (collection: number, record: number): number[] =>
  Array.from({ length: DIMENSIONS }, (_, d) =>
    Math.fround(Math.sin(collection * 1_000 + record * 17 + d * 3.7)),
  );
const metadataOf = (collection: number, record: number): string => `canary-${collection}-${record}-end`;
const idOf = (collection: number, record: number): string => `id-${collection}-${record}-end`;

/** What of a collection stands in the files below `folder`: how many vectors, metadata and ids. */
function found(folder: string, collection: number): Record<'vectors' | 'metadata' | 'ids', number> {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
    .map((path) => readFileSync(path));
  const count = (needle: (record: number) => Buffer): number =>
    Array.from({ length: RECORDS }, (_, record) => needle(record)).filter((bytes) =>
      files.some((file) => file.includes(bytes)),
    ).length;
  return {
    vectors: count((record) => Buffer.from(Float32Array.from(vectorOf(collection, record)).buffer)),
    metadata: count((record) => Buffer.from(metadataOf(collection, record))),
    ids: count((record) => Buffer.from(idOf(collection, record))),
  };
}

async function call(url: string, method: string, body?: object): Promise<unknown> {
  const response = await fetch(url, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  });
  assert.ok(response.ok, await response.clone().text());
  return response.json();
}

const all = { vectors: RECORDS, metadata: RECORDS, ids: RECORDS };
const nothing = { vectors: 0, metadata: 0, ids: 0 };

test('after a vacuum no file holds a vector, an id or metadata of a deleted collection, and the others still answer', async (t) => {
  const dataDir = scratch(t);
  const { command, args } = await findChroma({ env: process.env, localDir, report: console.error });
  const chroma = { command, args, env: process.env };
  {
    await using server = await startChroma({ ...chroma, dataDir });
    const collections = `${server.url}/${COLLECTIONS}`;
    for (const c of [0, 1, 2]) {
      // With small thresholds the index is on disk, with Chroma's own what is this little stands in the database alone. l2 keeps the
      // vectors as they are.
      const hnsw = { space: 'l2', ...(c === 0 && { sync_threshold: 20, batch_size: 10 }) };
      const made = await call(collections, 'POST', { name: `collection-${c}`, configuration: { hnsw } });
      const records = Array.from({ length: RECORDS }, (_, record) => record);
      const { id } = made as { id: string };
      await call(`${collections}/${id}/upsert`, 'POST', {
        ids: records.map((record) => idOf(c, record)),
        embeddings: records.map((record) => vectorOf(c, record)),
        metadatas: records.map((record) => ({ said: metadataOf(c, record) })),
      });
      // What is read has been moved from Chroma's queue into its tables; a delete in the midst of that may leave some of it.
      assert.equal(await call(`${collections}/${id}/count`, 'GET'), RECORDS);
    }
    for (const c of [0, 1]) await call(`${collections}/collection-${c}`, 'DELETE');
  }
  for (const c of [0, 1])
    assert.ok(found(dataDir, c).vectors > 0, 'deleting alone was enough: then nobody needs a vacuum');

  const store = chromaStoreIn(dataDir);
  assert.ok(store !== undefined);
  assert.equal(chromaStoreIn(store), store);
  const cleared = await vacuumChroma({ ...chroma, store });
  assert.equal(cleared.indexesRemoved, 2);
  assert.ok(cleared.bytesAfter < cleared.bytesBefore, JSON.stringify(cleared));
  assert.deepEqual([found(dataDir, 0), found(dataDir, 1), found(dataDir, 2)], [nothing, nothing, all]);
  const again = await vacuumChroma({ ...chroma, store });
  assert.deepEqual([again.indexesRemoved, again.bytesBefore], [0, cleared.bytesAfter]);

  await using server = await startChroma({ ...chroma, dataDir });
  const collection = await call(`${server.url}/${COLLECTIONS}/collection-2`, 'GET');
  const query = { query_embeddings: [vectorOf(2, 7)], n_results: 1 };
  const nearest = await call(
    `${server.url}/${COLLECTIONS}/${(collection as { id: string }).id}/query`,
    'POST',
    query,
  );
  assert.deepEqual((nearest as { ids: string[][] }).ids, [[idOf(2, 7)]]);
});

test('a folder without a database of Chroma is not taken for one', (t) => {
  const folder = scratch(t);
  assert.equal(chromaStoreIn(folder), undefined);
  assert.equal(chromaStoreIn(join(folder, 'nowhere')), undefined);
});

test('a vacuum that Chroma could not do is an error with its words, though it ends with 0, and nothing is removed', async (t) => {
  const store = scratch(t);
  const index = join(store, '668d6a5e-d389-4efb-93af-776c3a49fc71');
  await mkdir(index);
  await writeFile(join(store, 'chroma.sqlite3'), '');
  const command = await script(join(store, 'chroma'), 'echo "Failed to vacuum Chroma" >&2');
  await assert.rejects(vacuumChroma({ command, args: [], env: process.env, store }), {
    code: 'command_failed',
    message: /did not clear .*\nFailed to vacuum Chroma/,
  });
  assert.ok(statSync(index).isDirectory());
});

test('an interrupted vacuum ends what was started', async (t) => {
  const store = scratch(t);
  await writeFile(join(store, 'chroma.sqlite3'), '');
  const command = await script(join(store, 'chroma'), 'exec sleep 60');
  const signal = AbortSignal.timeout(300);
  const interrupted = vacuumChroma({ command, args: [], env: process.env, store, signal });
  await assert.rejects(interrupted, { name: 'TimeoutError' });
});

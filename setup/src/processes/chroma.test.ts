import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findChroma } from '../components/chroma.ts';
import { localDir } from '../root.ts';
import { scratch } from '../test-support/scratch.ts';
import { startChroma } from './chroma.ts';

test('a started Chroma answers, keeps its data over a restart, and ends when it is stopped', async (t) => {
  const dataDir = scratch(t);
  const { command, args } = await findChroma({ env: process.env, localDir, report: console.error });
  const options = { command, args, env: process.env, dataDir };
  const collections = 'api/v2/tenants/default_tenant/databases/default_database/collections';

  const first = await startChroma(options);
  const created = await fetch(`${first.url}/${collections}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'kept' }),
  });
  assert.equal(created.status, 200);
  await first.stop();
  assert.deepEqual(await first.exited.then(({ signal }) => signal), null, 'it was killed, not stopped');

  await using second = await startChroma(options);
  const listed = (await (await fetch(`${second.url}/${collections}`)).json()) as { name: string }[];
  assert.deepEqual(
    listed.map(({ name }) => name),
    ['kept'],
  );
});

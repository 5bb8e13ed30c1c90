// What makes everything else safe: of writers that race for one place in a workflow's log, exactly one gets it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { START } from '@troupe/contracts';
import type { EventDraft, Position, WorkflowKey } from '@troupe/contracts';
import type { Appended, Kernel } from '@troupe/shared';
import { lastPosition } from '@troupe/shared';
import { append, assertChain, draftOf, someWorkflow } from '../support/events.ts';
import { holds } from '../support/property.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
let kernels: Kernel[];
before(async () => {
  server = await startTestServer();
  kernels = await Promise.all(Array.from({ length: 4 }, () => server.kernel()));
});
after(async () => {
  for (const kernel of kernels) await kernel[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

/** All drafts at once behind one position, over several connections. */
const race = (drafts: readonly EventDraft[], behind: Position): Promise<Appended[]> =>
  Promise.all(drafts.map((draft, i) => kernels[i % kernels.length]!.log.append(draft, { after: behind })));

const logOf = (key: WorkflowKey) => kernels[0]!.log.read.whole(key);
const count = (results: readonly Appended[], kind: Appended['kind']): number =>
  results.filter((result) => result.kind === kind).length;

test('of 20 racing writers of one event exactly one stores it, and 19 are told that it is present', async () => {
  const key = someWorkflow();
  const draft = draftOf('workflow.requested', key, { name: 'same' });
  const results = await race(
    Array.from({ length: 20 }, () => draft),
    START,
  );
  assert.equal(count(results, 'appended'), 1);
  assert.equal(count(results, 'present'), 19);
  const log = await logOf(key);
  assert.deepEqual(
    log.map(({ id }) => id),
    [draft.id],
  );
  for (const result of results)
    if (result.kind === 'present') assert.deepEqual([result.event, result.tail], [log[0], log]);
});

test('of 20 racing writers of different events behind one position exactly one is stored, and 19 are shown it', async () => {
  const key = someWorkflow();
  const first = await append(kernels[0]!, draftOf('workflow.requested', key, { name: 'first' }));
  const drafts = Array.from({ length: 20 }, (_, i) => draftOf('llm.requested', key, { name: `${i}` }));
  const results = await race(drafts, first);
  assert.equal(count(results, 'appended'), 1);
  assert.equal(count(results, 'conflict'), 19);
  const log = await logOf(key);
  assertChain(log, key);
  for (const result of results) if (result.kind === 'conflict') assert.deepEqual(result.tail, log.slice(1));
});

test('racing writers that try again behind the tail they are shown all store their event, once each, in an unbroken chain', async (t) => {
  const writers = fc.array(fc.nat({ max: 7 }), { minLength: 1, maxLength: 20 });
  const property = fc.asyncProperty(writers, async (names) => {
    const key = someWorkflow();
    const stored = await Promise.all(
      names.map(async (name, i) => {
        const kernel = kernels[i % kernels.length]!;
        const draft = draftOf('timer.fired', key, { name: `${name}` });
        let behind = START;
        for (;;) {
          const result = await kernel.log.append(draft, { after: behind });
          if (result.kind === 'conflict') behind = lastPosition(result.tail);
          else return result.kind === 'appended' ? draft.id : undefined;
        }
      }),
    );
    const log = await logOf(key);
    assertChain(log, key);
    const ids = new Set(names.map((name) => draftOf('timer.fired', key, { name: `${name}` }).id));
    assert.deepEqual(new Set(log.map(({ id }) => id)), ids);
    assert.deepEqual(new Set(stored.filter((id) => id !== undefined)), ids);
  });
  await holds(t, property, 25);
});

test('writers of different workflows never refuse each other', async () => {
  const drafts = Array.from({ length: 50 }, (_, i) =>
    draftOf('workflow.requested', someWorkflow(`user-${i}`), { name: 'first' }),
  );
  assert.equal(count(await race(drafts, START), 'appended'), 50);
});

test('a workflow id of one user and the same id of another are two logs', async () => {
  const mine = someWorkflow('alice');
  const theirs = { ...someWorkflow('bob'), workflow: mine.workflow };
  const drafts = [mine, theirs].map((key) => draftOf('workflow.requested', key, { name: key.user }));
  assert.equal(count(await race(drafts, START), 'appended'), 2);
  assert.deepEqual(
    (await logOf(theirs)).map(({ user }) => user),
    ['bob'],
  );
});

// `troupe events` of a run that was erased, on a real nats-server. Of runs that were not, see the tests of the whole stack.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Skeleton } from '@troupe/contracts';
import { archiveSubject, UserId, WorkflowId } from '@troupe/contracts';
import type { Stage } from '../test-support/troupe.ts';
import { openStage } from '../test-support/troupe.ts';

const user = UserId.parse('alice');
let stage: Stage;
before(async () => {
  stage = await openStage('test');
});
after(() => stage[Symbol.asyncDispose]());

const bones: Skeleton['events'] = [
  { sequence: 1, seq: 7, type: 'workflow.requested', time: '2026-01-02T03:04:05.000Z', bytes: 210 },
  { sequence: 2, seq: 9, type: 'workflow.completed', time: '2026-01-02T03:04:09.000Z', bytes: 512 },
];

async function archive(workflow: string, events: Skeleton['events']): Promise<void> {
  const skeleton: Skeleton = {
    user,
    workflow: WorkflowId.parse(workflow),
    erased_at: '2026-02-01T00:00:00.000Z',
    events,
  };
  const body = JSON.stringify(skeleton);
  const stored = await stage.kernel.publisher.publish(archiveSubject(skeleton), {}, body, 5_000);
  assert.equal(stored.kind, 'stored');
}

test('the timeline of an erased run is drawn from the archive, and it is said that it was erased', async () => {
  // In several parts, as a long run leaves them.
  for (const one of bones) await archive('gone', [one]);
  for (const more of [[], ['--follow']]) {
    const { code, stdout, stderr } = await stage.troupe(['events', 'gone', '--user', 'alice', ...more]);
    assert.equal(code, 0, stderr);
    assert.equal(
      stdout,
      `2026-01-02T03:04:05.000Z  workflow.requested         210 bytes, erased
2026-01-02T03:04:09.000Z  workflow.completed         512 bytes, erased
`,
    );
    assert.equal(
      stderr,
      '– The run gone of alice was erased at 2026-02-01T00:00:00.000Z: what it said is gone.\n',
    );
  }
});

test('as JSON its events are CloudEvents without data', async () => {
  await archive('gone-too', bones);
  const { stdout } = await stage.troupe(['events', 'gone-too', '--user', 'alice', '--json']);
  const [first, second, ...others] = stdout.trim().split('\n');
  assert.deepEqual(JSON.parse(first ?? ''), {
    specversion: '1.0',
    id: 'alice.gone-too.1',
    type: 'workflow.requested',
    source: '/troupe/archive',
    subject: 'gone-too',
    time: '2026-01-02T03:04:05.000Z',
    user: 'alice',
    sequence: 1,
    streamsequence: 7,
    erasedat: '2026-02-01T00:00:00.000Z',
    erasedbytes: 210,
  });
  assert.match(second ?? '', /"type":"workflow\.completed"/);
  assert.deepEqual(others, []);
});

test("another user's erased run is no run of this one", async () => {
  await archive('private', bones);
  const { code, stdout } = await stage.troupe(['events', 'private', '--user', 'bob']);
  assert.deepEqual([code, stdout], [6, '']);
});

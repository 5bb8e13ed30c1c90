// `troupe` on a whole stack: what a person does with runs, from asking for one to cancelling it.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { RunSummary, WorkflowResult } from '@troupe/contracts';
import { startCli, troupe } from './cli-process.ts';
import { withStack } from './with-stack.ts';

const linesOf = (text: string): string[] => text.split('\n').filter((line) => line !== '');
const jsonLines = <T>(text: string): T[] => linesOf(text).map((line) => JSON.parse(line) as T);

/** Every model call about this is left hanging. */
async function hangOn(simulatorUrl: string | undefined, words: string): Promise<void> {
  await fetch(`${simulatorUrl}/simulator/script`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify([{ match: { contains: words }, times: null, then: { kind: 'hang' } }]),
  });
}

test('the commands do on a running stack what they say', async (t) => {
  // A call that hangs is given up after this time, and the fallback's after as much again.
  const env = { 'llm-gateway': { AGENT_LLM_TIMEOUT_SECONDS: '30' } };
  await withStack({ env }, async ({ stack }) => {
    const url = stack.nats.url;
    const answer = '[provider-simulator] Asked: Say hello\n';

    await t.test(
      'run prints the answer and nothing else on stdout; with --follow it tells the rest on stderr',
      async () => {
        const quiet = await troupe(url, ['run', 'Say hello', '--workflow-id', 'quiet']);
        assert.deepEqual(quiet, { code: 0, stdout: answer, stderr: '' });
        const told = await troupe(url, [
          'run',
          'Say hello',
          '--workflow-id',
          'told',
          '--user',
          'bob',
          '--follow',
        ]);
        assert.deepEqual([told.code, told.stdout], [0, answer]);
        assert.match(told.stderr, /▸ run told: Say hello\n.*thinks \(turn 1\).*✔ completed in/s);
      },
    );

    await t.test('the same id with the same goal is the same run, with another goal a mistake', async () => {
      const again = await troupe(url, ['run', 'Say hello', '--workflow-id', 'quiet', '--json']);
      const [result, ...others] = jsonLines<WorkflowResult>(again.stdout);
      assert.deepEqual(
        [again.code, result?.workflow_id, result?.status, others],
        [0, 'quiet', 'completed', []],
      );
      const other = await troupe(url, ['run', 'Say goodbye', '--workflow-id', 'quiet']);
      assert.deepEqual([other.code, other.stdout], [2, '']);
      assert.match(other.stderr, /The run quiet of local exists and was asked for something else/);
    });

    await t.test('preferences and the user stand in the run', async () => {
      const file = join(tmpdir(), `troupe-preferences-${process.pid}.json`);
      await writeFile(file, '{"language":"en"}');
      const words = ['--user', 'alice', '--workflow-id', 'preferred'];
      assert.equal((await troupe(url, ['run', 'Say hello', '--preferences', file, ...words])).code, 0);
      const { stdout } = await troupe(url, ['events', 'preferred', '--user', 'alice', '--json']);
      const [requested] = jsonLines<{ user: string; data: { preferences: unknown } }>(stdout);
      assert.deepEqual([requested?.user, requested?.data.preferences], ['alice', { language: 'en' }]);
    });

    await t.test('result prints what run printed', async () => {
      assert.deepEqual(await troupe(url, ['result', 'quiet']), { code: 0, stdout: answer, stderr: '' });
      const { stdout } = await troupe(url, ['result', 'quiet', '--json']);
      assert.equal(jsonLines<WorkflowResult>(stdout)[0]?.status, 'completed');
    });

    await t.test('events prints a timeline, or the log as CloudEvents, and follows to the end', async () => {
      const timeline = await troupe(url, ['events', 'quiet']);
      const types = linesOf(timeline.stdout).map((line) => line.split(/ {2,}/)[1]);
      assert.deepEqual(types, [
        'workflow.requested',
        'memory.requested',
        'memory.completed',
        'llm.requested',
        'llm.completed',
        'workflow.completed',
      ]);
      assert.match(timeline.stdout, /^\d{4}-\d\d-\d\dT[\d:.]+Z {2}llm\.completed +llm-gateway +answers /m);
      const raw = await troupe(url, ['events', 'quiet', '--json', '--follow']);
      const events = jsonLines<{ type: string; sequence: number; specversion: string }>(raw.stdout);
      assert.deepEqual(
        events.map(({ type }) => type),
        types,
      );
      assert.deepEqual(
        events.map(({ sequence }) => sequence),
        [1, 2, 3, 4, 5, 6],
      );
      assert.ok(events.every(({ specversion }) => specversion === '1.0'));
    });

    await t.test('doctor finds nothing to mend', async () => {
      const { code, stdout } = await troupe(url, ['doctor'], { CHROMA_URL: stack.chromaUrl });
      assert.equal(code, 0, stdout);
      for (const name of [
        'node',
        'nats-server',
        'jetstream',
        'streams',
        'planner',
        'memory',
        'keys',
        'chroma',
      ])
        assert.match(stdout, new RegExp(`^✔ ${name} `, 'm'));
      assert.match(
        stdout,
        /^✔ models +openai\/gpt-4\.1-mini, then openai\/gpt-3\.5-turbo; embeddings lexical-384$/m,
      );
      const json = await troupe(url, ['doctor', '--json']);
      assert.equal(jsonLines<{ ok: boolean }>(json.stdout)[0]?.ok, true, json.stdout);
    });

    await t.test(
      'a run that is waited for too long, or interrupted, goes on until it is cancelled',
      async () => {
        await hangOn(stack.simulatorUrl, 'Take your time');
        const late = await troupe(url, ['run', 'Take your time', '--workflow-id', 'slow', '--timeout', '2']);
        assert.deepEqual([late.code, late.stdout], [4, '']);
        assert.match(late.stderr, /Waited 2 s\. The run goes on\.\n {2}troupe result slow --user local/);
        assert.equal((await troupe(url, ['result', 'slow'])).code, 4);
        assert.equal((await troupe(url, ['result', 'slow', '--timeout', '1'])).code, 4);

        const args = ['run', 'Take your time', '--workflow-id', 'slow', '--follow'];
        const interrupted = startCli('main.ts', args, { NATS_URL: url, APP_ENV: 'test' });
        await interrupted.said(/thinks/);
        interrupted.child.kill('SIGINT');
        assert.equal(await interrupted.ended, 130);
        assert.match(
          interrupted.stderr(),
          /Interrupted\. The run goes on\..*troupe cancel slow --user local/s,
        );
        assert.equal(interrupted.stdout(), '');

        const cancelled = await troupe(url, ['cancel', 'slow', '--reason', 'no longer needed']);
        assert.deepEqual([cancelled.code, cancelled.stdout], [0, '']);
        assert.match(cancelled.stderr, /✔ slow has ended: cancelled: no longer needed/);
        const again = await troupe(url, ['cancel', 'slow']);
        assert.equal(again.code, 0);
        assert.match(again.stderr, /slow had ended before: cancelled/);
      },
    );

    await t.test(
      'a run that did not complete has exit code 3, its reason on stderr, or the whole as JSON',
      async () => {
        const person = await troupe(url, ['result', 'slow']);
        assert.deepEqual([person.code, person.stdout], [3, '']);
        assert.match(person.stderr, /✖ cancelled: no longer needed/);
        const program = await troupe(url, ['result', 'slow', '--json']);
        assert.equal(program.code, 3);
        assert.equal(jsonLines<WorkflowResult>(program.stdout)[0]?.status, 'cancelled');
      },
    );

    await t.test("list shows a user's newest runs, nobody else's; emptied, it comes back", async () => {
      const listed = async (): Promise<RunSummary[]> => {
        let runs: RunSummary[] = [];
        for (let attempt = 1; attempt <= 20; attempt += 1) {
          runs = jsonLines<RunSummary>((await troupe(url, ['list', '--json'])).stdout);
          if (runs.length === 2 && runs[0]?.status === 'cancelled') break;
        }
        return runs;
      };
      const runs = await listed();
      assert.deepEqual(
        runs.map(({ workflow_id, status }) => [workflow_id, status]),
        [
          ['slow', 'cancelled'],
          ['quiet', 'completed'],
        ],
      );
      const table = await troupe(url, ['list', '--limit', '1']);
      assert.match(table.stdout, /^– cancelled +slow +\d{4}-\S+ +[\d.]+ s +Take your time\n$/);
      const others = await troupe(url, ['list', '--user', 'alice', '--json']);
      assert.deepEqual(
        jsonLines<RunSummary>(others.stdout).map(({ workflow_id }) => workflow_id),
        ['preferred'],
      );

      const rebuilt = await troupe(url, ['list', '--rebuild']);
      assert.deepEqual([rebuilt.code, rebuilt.stdout], [0, ''], rebuilt.stderr);
      assert.match(rebuilt.stderr, /Everybody's list was emptied/);
      assert.deepEqual(await listed(), runs);
    });

    await t.test('doctor names a service that is gone, with exit code 1', async () => {
      await stack.processes('memory')[0]?.stop({ graceMs: 5_000 });
      const { code, stdout } = await troupe(url, ['doctor']);
      assert.equal(code, 1);
      assert.match(stdout, /^✖ memory +no process answers\n {2}→ Start it/m);
    });
  });
});

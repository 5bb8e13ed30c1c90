// `troupe memory forget`: has a record, a run or everything of a user erased, and follows that. It cannot be taken back, so it asks first.
import type { ErasureJob, RebuildJob, UserId } from '@troupe/contracts';
import { ForgetScope, rpc } from '@troupe/contracts';
import { openClient } from '../../client.ts';
import type { Command, Given } from '../../command.ts';
import { UsageError } from '../../command.ts';
import { readConfig } from '../../config.ts';
import { confirmed } from '../../confirm.ts';
import { EXIT } from '../../exit-codes.ts';
import { userOf, WHOSE_MEMORY } from '../../flags.ts';
import { onOneLine, print, printJson, say } from '../../terminal.ts';
import type { Memory } from './ask.ts';
import { memoryOf } from './ask.ts';
import { followJob, waitingLine } from './follow-job.ts';

export const forget: Command = {
  name: 'memory forget',
  says: 'erases a record, a run or everything of a user, for good',
  flags: {
    user: WHOSE_MEMORY,
    record: { value: 'id', says: 'this record, as `troupe memory list` names it' },
    workflow: { value: 'id', says: 'this run: its events, its timers, its records' },
    everything: { says: 'all runs and all memory of the user, and the key to it' },
    yes: { says: 'do not ask' },
    json: { says: 'print the job as one line of JSON when it is done' },
  },
  async run(given, signal) {
    const user = userOf(given);
    const scope = scopeOf(given);
    if (!given.isOn('yes') && !(await agreed(consequences(scope, user), signal))) {
      say('– Nothing was forgotten.');
      return EXIT.unexpected;
    }
    await using kernel = await openClient(readConfig().NATS_URL);
    const memory = memoryOf(kernel, user);
    const asked = await memory(rpc.forgetMemory, { scope });
    try {
      const job = await followJob(memory, asked, { line: progressOf, signal });
      if (given.isOn('json')) printJson(job);
      else print(doneLine(job, user));
      await remainsMoved(memory, signal);
      say(WHAT_STAYS);
      return EXIT.ok;
    } catch (error) {
      if (!signal.aborted) throw error;
      say('Interrupted. The erasure goes on; the same command follows it again.');
      return EXIT.interrupted;
    }
  },
};

function scopeOf(given: Given): ForgetScope {
  const [record, workflow] = [given.text('record'), given.text('workflow')];
  const asked = [
    ...(record === undefined ? [] : [{ kind: 'record', record_id: record }]),
    ...(workflow === undefined ? [] : [{ kind: 'workflow', workflow_id: workflow }]),
    ...(given.isOn('everything') ? [{ kind: 'user' }] : []),
  ];
  if (asked.length !== 1)
    throw new UsageError(
      '`troupe memory forget` needs one of --record <id>, --workflow <id> and --everything.',
      'See `troupe help memory forget`.',
    );
  const scope = ForgetScope.safeParse(asked[0]);
  if (scope.success) return scope.data;
  throw new UsageError(
    `--${record === undefined ? 'workflow' : 'record'} is not the id of one.`,
    'See `troupe memory list`.',
  );
}

function consequences(scope: ForgetScope, user: UserId): string {
  switch (scope.kind) {
    case 'record':
      return `The record ${scope.record_id} of ${user} will be deleted, and not be made again from the log.`;
    case 'workflow':
      return `The run ${scope.workflow_id} of ${user} will be cancelled if it goes on. Its events, timers, dead letters, large texts and
records will be overwritten; what stays is when which event happened, and what later runs recalled of it in theirs.`;
    case 'user':
      return `Every run of ${user} that goes on will be cancelled. All events, timers, dead letters, large texts and records of ${user} will
be overwritten, and the key to them destroyed; what stays is when which event happened.`;
  }
}

async function agreed(what: string, signal: AbortSignal): Promise<boolean> {
  if (!process.stdin.isTTY)
    throw new UsageError(
      `${what}\n  Nobody can be asked here: there is no terminal.`,
      'Say --yes if that is meant.',
    );
  say(`${what}\nThis cannot be taken back.`);
  return confirmed('Go on?', { input: process.stdin, output: process.stderr, signal });
}

const progressOf = (job: ErasureJob): string =>
  onOneLine(waitingLine(job) ?? `  ${runsIn(job)}, ${job.messages_erased} stored messages overwritten`);

const runsIn = ({ workflows: { erased, total } }: ErasureJob): string => `${erased} of ${total} runs erased`;

function doneLine(job: ErasureJob, user: UserId): string {
  const { scope } = job;
  switch (scope.kind) {
    case 'record':
      return `✔ The record ${scope.record_id} of ${user} is forgotten.`;
    case 'workflow':
      if (isEmpty(job))
        return `– There is no run ${scope.workflow_id} of ${user}; what memory held under that name is gone.`;
      return `✔ The run ${scope.workflow_id} of ${user} is forgotten: ${job.messages_erased} stored messages overwritten.`;
    case 'user':
      if (isEmpty(job)) return `– There are no runs of ${user}; what memory held of ${user} is gone.`;
      return `✔ Everything of ${user} is forgotten: ${runsIn(job)}, ${job.messages_erased} stored messages overwritten.`;
  }
}

/** Whether there was something under a name; records that a run had left in memory are not counted. */
const isEmpty = (job: ErasureJob): boolean => job.workflows.total === 0 && job.messages_erased === 0;

/** What is not forgotten moves to a new collection by a rebuild; before the old one is dropped a vacuum would clear nothing of it. */
async function remainsMoved(memory: Memory, signal: AbortSignal): Promise<void> {
  const { jobs } = await memory(rpc.memoryStatus, {});
  const move = jobs.find((job) => job.kind === 'rebuild');
  if (move !== undefined) await followJob(memory, move, { line: movedOf, signal });
}

const movedOf = (job: RebuildJob): string =>
  onOneLine(
    waitingLine(job) ??
      `  what remains moves to a new collection: ${job.events.projected} of ${job.events.total} events`,
  );

const WHAT_STAYS =
  "! The vectors and the ciphertext stay in Chroma's files until they are vacuumed. Stop Chroma and run `troupe memory vacuum`.";

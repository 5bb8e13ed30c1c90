// The list of runs, as the planner's projection keeps it: a summary per run in a bucket. An entry names the event of the log that it
// tells of, and is only ever replaced by what tells of a later one. A moment behind the log, never a source of truth.
import type { NatsConnection } from 'nats';
import { AckPolicy, DeliverPolicy } from 'nats';
import { z } from 'zod';
import type { UserId, WorkflowKey } from '@troupe/contracts';
import { EXPECTED_LAST, RUNS_BUCKET, RunSummary, runSummaryKey, runSummaryKeys } from '@troupe/contracts';
import { RetryableError } from './errors.ts';
import { DirectReader } from './nats/direct.ts';
import type { Publisher } from './nats/publisher.ts';
import { parseJson } from './parse-json.ts';
import { LOG_STREAM, RUNS_CONSUMER } from './provision/declared.ts';

/** An entry of the bucket: `seq` is the stream sequence of the newest event that it tells of. */
export interface RunEntry {
  /** Undefined where somebody else wrote or deleted the entry. */
  readonly summary: RunSummary | undefined;
  readonly seq: number;
  readonly revision: number;
}

export type RunPut =
  | { readonly kind: 'stored'; readonly revision: number }
  /** Something else stands there than was expected. */
  | { readonly kind: 'conflict' };

export interface RunsView {
  /** A user's runs of the last 30 days, newest first, at most `limit`. Rejects with the client library's error if the server is away. */
  list(user: UserId, options: { readonly limit: number }): Promise<RunSummary[]>;
  /** One run's entry. Throws RetryableError `stream_unreadable`. */
  get(key: WorkflowKey): Promise<RunEntry | undefined>;
  /** Stores an entry if the one before is of `revision` (0: there is none). Throws RetryableError `runs_unwritable`. */
  put(key: WorkflowKey, entry: { summary: RunSummary; seq: number }, revision: number): Promise<RunPut>;
  /**
   * Throws everything away and has the projection read the log again from its first event, while it runs. Throws RetryableError
   * `runs_not_rebuilt`.
   */
  rebuild(): Promise<void>;
}

const Refusal = z.object({ error: z.object({ description: z.string() }) });

const BUCKET_STREAM = `KV_${RUNS_BUCKET}`;
const PREFIX = `$KV.${RUNS_BUCKET}.`;
const LOG_SEQ = 'Troupe-Log-Seq';
const PUBLISH_TIMEOUT_MS = 5_000;
const LIST_TIMEOUT_MS = 10_000;
/** A reader that nobody needs any more is removed by the server after this time, in nanoseconds. */
const FORGOTTEN_AFTER = 60e9;

export function createRunsView(connection: NatsConnection, publisher: Publisher): RunsView {
  let opened: DirectReader | undefined;
  const direct = (): DirectReader => (opened ??= new DirectReader(connection, BUCKET_STREAM));

  return {
    list: (user, { limit }) => list(connection, user, limit),
    async get(key) {
      const raw = await direct().last(`${PREFIX}${runSummaryKey(key)}`);
      if (raw === undefined) return undefined;
      const summary = RunSummary.safeParse(parseJson(raw.body)).data;
      return { summary, seq: Number(raw.header(LOG_SEQ) ?? 0), revision: raw.seq };
    },
    async put(key, { summary, seq }, revision) {
      const headers = { [EXPECTED_LAST]: String(revision), [LOG_SEQ]: String(seq) };
      const subject = `${PREFIX}${runSummaryKey(key)}`;
      const outcome = await publisher.publish(subject, headers, JSON.stringify(summary), PUBLISH_TIMEOUT_MS);
      switch (outcome.kind) {
        case 'stored':
          return { kind: 'stored', revision: outcome.seq };
        case 'wrong_last':
          return { kind: 'conflict' };
        case 'full':
        case 'unavailable':
        case 'unknown':
        case 'refused':
          throw new RetryableError('runs_unwritable', `The list of runs takes no entry (${outcome.kind}).`);
      }
    },
    async rebuild() {
      const manager = await connection.jetstreamManager();
      await manager.streams.purge(BUCKET_STREAM);
      // The client library does not know this request yet. A consumer that was made anew would end whoever follows it.
      const reset = `$JS.API.CONSUMER.RESET.${LOG_STREAM}.${RUNS_CONSUMER}`;
      const answer = await connection.request(reset, JSON.stringify({ seq: 1 }), {
        timeout: PUBLISH_TIMEOUT_MS,
      });
      const refusal = Refusal.safeParse(parseJson(answer.data)).data;
      if (refusal !== undefined) throw new RetryableError('runs_not_rebuilt', refusal.error.description);
    },
  };
}

/** Reads all of the user's entries, since they stand in the order of their last change, and keeps the newest. */
async function list(connection: NatsConnection, user: UserId, limit: number): Promise<RunSummary[]> {
  const manager = await connection.jetstreamManager();
  const { name, num_pending: count } = await manager.consumers.add(BUCKET_STREAM, {
    ack_policy: AckPolicy.None,
    deliver_policy: DeliverPolicy.LastPerSubject,
    filter_subject: `${PREFIX}${runSummaryKeys(user)}`,
    mem_storage: true,
    inactive_threshold: FORGOTTEN_AFTER,
  });
  try {
    const entries = count === 0 ? [] : await readEntries(connection, name, count);
    // Of a run that changed meanwhile there are two: the later one counts.
    const runs = new Map(entries.map((summary) => [summary.workflow_id, summary]));
    return [...runs.values()].sort(newestFirst).slice(0, limit);
  } finally {
    await manager.consumers.delete(BUCKET_STREAM, name).catch(() => undefined);
  }
}

async function readEntries(
  connection: NatsConnection,
  consumer: string,
  count: number,
): Promise<RunSummary[]> {
  const reader = await connection.jetstream().consumers.get(BUCKET_STREAM, consumer);
  const summaries: RunSummary[] = [];
  for await (const { data, info } of await reader.fetch({ max_messages: count, expires: LIST_TIMEOUT_MS })) {
    const summary = RunSummary.safeParse(parseJson(data)).data;
    if (summary !== undefined) summaries.push(summary);
    if (info.pending === 0) break;
  }
  return summaries;
}

const newestFirst = (a: RunSummary, b: RunSummary): number =>
  Date.parse(b.requested_at) - Date.parse(a.requested_at) || (a.workflow_id < b.workflow_id ? -1 : 1);

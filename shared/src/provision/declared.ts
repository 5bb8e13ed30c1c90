// The streams, consumers and buckets of Troupe as data. One gated job makes them (provision.ts); services compare and bind.
import type { ConsumerConfig, StreamConfig } from 'nats';
import { AckPolicy, DeliverPolicy, DiscardPolicy, RetentionPolicy, StorageType } from 'nats';
import {
  ARCHIVE_SUBJECTS,
  doorSubjects,
  LEDGER_SUBJECTS,
  logSubjects,
  newsFilters,
  RUNS_BUCKET,
  SHARDS,
  TOOLS_BUCKET,
  typeFilter,
} from '@troupe/contracts';
import { BLOBS_BUCKET } from '../blobs.ts';
import { LEASE_TTL_MS, LEASES_BUCKET } from '../leases.ts';
import { SUSPECTS_BUCKET } from '../suspects.ts';

export const LOG_STREAM = 'AGENTS';
export const DOOR_STREAM = 'AGENTS_IN';
export const CLOCK_STREAM = 'AGENTS_TIMERS';
export const DEAD_STREAM = 'AGENTS_DEAD';
/** The circuits of the gateways' targets that are not closed; those who agree on them say in each entry how long it holds. */
export const CIRCUITS_BUCKET = 'AGENTS_CIRCUITS';
export const LEDGER_STREAM = 'AGENTS_LEDGER';
/** What is left of runs whose events were erased. */
export const ARCHIVE_STREAM = 'AGENTS_ARCHIVE';

/** What is spent and reserved in each scope of a budget; an entry lives a week behind its last change. */
export const BUDGETS_BUCKET = 'AGENTS_BUDGETS';

/** The users' data keys of memory, wrapped. */
export const MEMORY_KEYS_BUCKET = 'AGENTS_MEMORY_KEYS';

/** Erasures and rebuilds of memory: what was asked for, how far it is, and which records are forgotten for good. */
export const MEMORY_JOBS_BUCKET = 'AGENTS_MEMORY_JOBS';

const SECOND = 1_000_000_000;
const DAY = 86_400 * SECOND;
const DAY_MS = 86_400_000;
const MIB = 1024 ** 2;
/** Reserved on the server's disk when the streams are made; an operator may raise both (they are not compared). */
const LOG_BYTES = 4_096 * MIB;
const OTHER_BYTES = 512 * MIB;

/** Stream settings that the client library's types do not know yet. */
interface NewerStreamConfig {
  readonly allow_msg_schedules?: boolean;
  readonly allow_msg_ttl?: boolean;
}
export type DeclaredStream = Partial<StreamConfig> &
  NewerStreamConfig & { readonly name: string; readonly subjects: string[] };

const stored = { storage: StorageType.File, retention: RetentionPolicy.Limits, num_replicas: 1 } as const;

/**
 * What must never be true of the log: any of these lets one header of one client delete or rewrite other users' runs, breaks
 * compare-and-set on a cluster, or leaves writers without an answer.
 */
export const FORBIDDEN_ON_LOG = [
  'allow_msg_schedules',
  'allow_msg_ttl',
  'allow_rollup_hdrs',
  'allow_atomic',
  'allow_msg_counter',
  'no_ack',
] as const;

/** What the log must not have at all: messages that come or go past compare-and-set, or under another subject. */
export const ABSENT_ON_LOG = ['sources', 'mirror', 'subject_transform'] as const;

export type DeclaredBucket =
  | { readonly kind: 'objects'; readonly name: string }
  | {
      readonly kind: 'values';
      readonly name: string;
      /** Values of an entry that are kept, the newest included. Default: 1. What is dropped leaves its bytes on the disk. */
      readonly history?: number;
      /** How long an entry lives that is not written again. Default: for ever. */
      readonly ttlMs?: number;
      /** Whether a guarantee rests on the time: then an operator may not change it. */
      readonly ttlMatters?: boolean;
    };

export const declaredBuckets = (): DeclaredBucket[] => [
  { kind: 'values', name: TOOLS_BUCKET },
  // Goals stand in it: what is kept can be overwritten when it is erased, what was dropped cannot. A run is written twice, or little more.
  { kind: 'values', name: RUNS_BUCKET, history: 8, ttlMs: 30 * DAY_MS },
  { kind: 'values', name: LEASES_BUCKET, ttlMs: LEASE_TTL_MS, ttlMatters: true },
  { kind: 'values', name: SUSPECTS_BUCKET, ttlMs: DAY_MS },
  { kind: 'values', name: CIRCUITS_BUCKET, ttlMs: 600_000 },
  // Longer than any scope: a run takes at most a day. An entry that went before its scope would forget what was spent.
  { kind: 'values', name: BUDGETS_BUCKET, ttlMs: 7 * DAY_MS, ttlMatters: true },
  // For ever: whose key is gone, his memories are. And each value until it is overwritten, so that no wrapped key stays behind.
  { kind: 'values', name: MEMORY_KEYS_BUCKET, history: 8 },
  { kind: 'values', name: MEMORY_JOBS_BUCKET },
  { kind: 'objects', name: BLOBS_BUCKET },
];

/** The stream behind a bucket. */
export const streamOf = ({ kind, name }: DeclaredBucket): string =>
  kind === 'values' ? `KV_${name}` : `OBJ_${name}`;

export const declaredStreams = (): DeclaredStream[] => [
  {
    ...stored,
    name: LOG_STREAM,
    description: 'one log per workflow, the only truth',
    subjects: logSubjects(),
    discard: DiscardPolicy.New,
    max_bytes: LOG_BYTES,
    max_msgs_per_subject: -1,
    allow_direct: true,
    metadata: { troupe_shards: String(SHARDS) },
  },
  {
    ...stored,
    name: DOOR_STREAM,
    description: 'what anybody asks for',
    subjects: doorSubjects(),
    discard: DiscardPolicy.New,
    max_age: 7 * DAY,
    max_bytes: OTHER_BYTES,
    allow_direct: true,
  },
  {
    ...stored,
    name: CLOCK_STREAM,
    description: 'timers of running workflows',
    subjects: ['agents-timers.set.>', 'agents-timers.fired.>'],
    // The server refuses schedules with discard new; so there is no byte limit, which with discard old would drop timers.
    discard: DiscardPolicy.Old,
    max_msgs_per_subject: 1,
    allow_msg_schedules: true,
    allow_msg_ttl: true,
    allow_direct: true,
  },
  {
    ...stored,
    name: DEAD_STREAM,
    description: 'messages that nobody could handle, with the reason',
    subjects: ['agents-dead.>', MAX_DELIVERIES],
    discard: DiscardPolicy.Old,
    max_age: 30 * DAY,
    max_bytes: OTHER_BYTES,
    allow_direct: true,
  },
  {
    ...stored,
    name: LEDGER_STREAM,
    description: 'what every provider call used and cost',
    subjects: [LEDGER_SUBJECTS],
    // A record, not a gate: full, it lets go of the oldest and does not stop the work. A quarter is enough to be billed and to ask back.
    discard: DiscardPolicy.Old,
    max_age: 90 * DAY,
    max_bytes: OTHER_BYTES,
    max_msgs_per_subject: -1,
    allow_direct: true,
  },
  {
    ...stored,
    name: ARCHIVE_STREAM,
    description: 'skeletons of the runs that were erased',
    subjects: [ARCHIVE_SUBJECTS],
    discard: DiscardPolicy.New,
    max_bytes: OTHER_BYTES,
    allow_direct: true,
  },
];

export interface DeclaredConsumer {
  readonly stream: string;
  readonly config: Partial<ConsumerConfig> & { readonly durable_name: string; readonly ack_wait: number };
}

/** Deliveries after which the server gives up; the actor loop dead-letters before, this is the tripwire for workers that die. */
export const MAX_DELIVER = 20;

const durable = (
  stream: string,
  name: string,
  ackWaitSeconds: number,
  filters: string[],
): DeclaredConsumer => ({
  stream,
  config: {
    durable_name: name,
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.All,
    ack_wait: ackWaitSeconds * SECOND,
    max_deliver: MAX_DELIVER,
    max_ack_pending: 5_000,
    filter_subjects: filters,
  },
});

/**
 * For who writes down what nobody else would: the planner, its door and clock, the projection. An outage of the log or the store is
 * waited out, however long; giving up would strand a run or lose a memory.
 */
const unlimited = ({ stream, config }: DeclaredConsumer): DeclaredConsumer => ({
  stream,
  config: { ...config, max_deliver: -1 },
});

export const plannerConsumer = (shard: number): string => `planner-${shard}`;

/** The projection behind the list of runs. */
export const RUNS_CONSUMER = 'runs';

/** Follows what the server itself gave up: a message that was delivered MAX_DELIVER times. */
export const GIVEN_UP_CONSUMER = 'given-up';
const MAX_DELIVERIES = '$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.>';

export const declaredConsumers = (): DeclaredConsumer[] => [
  ...Array.from({ length: SHARDS }, (_, shard) =>
    unlimited(durable(LOG_STREAM, plannerConsumer(shard), 5, newsFilters(shard))),
  ),
  unlimited(durable(DOOR_STREAM, 'door', 5, doorSubjects())),
  unlimited(durable(CLOCK_STREAM, 'clock', 5, ['agents-timers.fired.>'])),
  durable(LOG_STREAM, 'llm-gateway', 20, [typeFilter('llm.requested')]),
  durable(LOG_STREAM, 'tool-executor', 20, [typeFilter('tool.requested')]),
  durable(LOG_STREAM, 'memory', 5, [typeFilter('memory.requested')]),
  unlimited(
    durable(LOG_STREAM, 'memory-projection', 20, [
      typeFilter('workflow.completed'),
      typeFilter('tool.completed'),
    ]),
  ),
  unlimited(durable(LOG_STREAM, RUNS_CONSUMER, 5, [typeFilter('workflow.*')])),
  unlimited(durable(DEAD_STREAM, GIVEN_UP_CONSUMER, 5, [MAX_DELIVERIES])),
];

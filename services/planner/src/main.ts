// The planner process: the door and the clock (which only record), and an actor for each shard of the log that it holds (which folds
// and owes). What one planner must do for all goes with shard 0.
import { randomUUID } from 'node:crypto';
import type { Failure, WorkflowKey } from '@troupe/contracts';
import { decodeEvent, parseFiredSubject, SHARDS } from '@troupe/contracts';
import type { Actor, ActorOptions, Delivery, Kernel, Running } from '@troupe/shared';
import {
  ackWaitMsOf,
  CLOCK_STREAM,
  createLeases,
  DOOR_STREAM,
  LOG_STREAM,
  plannerConsumer,
  RetryableError,
  runService,
  startActor,
  streamId,
} from '@troupe/shared';
import { createClock, firedDraft } from './clock.ts';
import type { PlannerConfig } from './config.ts';
import { UnknownVersionError } from './core/run.ts';
import { readConfig } from './config.ts';
import { startDeadRequests } from './dead-requests.ts';
import { failRun, giveUpBugs } from './dead-runs.ts';
import { Door } from './door.ts';
import { observeRuns } from './observe-runs.ts';
import { isNews, Runs } from './runs.ts';
import { startRunsProjection } from './runs-projection.ts';
import { ShardKeeper } from './shard-keeper.ts';
import { automation } from './workflows/automation.ts';
import type { Registry } from './workflows/registry.ts';
import { createRegistry } from './workflows/registry.ts';

/** Runs kept folded in memory: some kilobytes each. */
const CACHED_RUNS = 20_000;

/** A run of a version that only another planner has: delivered again until that one takes it. */
function leaveToOthers(error: unknown): never {
  if (!(error instanceof UnknownVersionError)) throw error;
  throw new RetryableError('unknown_version', error.message, { retryAfterMs: 2_000, cause: error });
}

/** At the longest pause, most of a day: a full or absent log is waited out. */
const MAX_ATTEMPTS = 10_000;

const allOf = (actors: readonly Actor[]): Actor => ({
  async drain(graceMs) {
    await Promise.all(actors.map((actor) => actor.drain(graceMs)));
  },
});

const keepShards = (kernel: Kernel, start: (shard: number) => Actor): Actor =>
  new ShardKeeper({
    leases: createLeases(kernel.connection, kernel.publisher),
    instance: randomUUID(),
    shards: SHARDS,
    start,
    logger: kernel.logger,
  });

/** `registry` holds the workflow types of this planner. */
export async function startPlanner(
  kernel: Kernel,
  config: PlannerConfig,
  onFatal: (error: Error) => void,
  registry: Registry = createRegistry([automation]),
): Promise<Running> {
  const { append, read } = kernel.log;
  const clock = createClock({
    publisher: kernel.publisher,
    publish: (subject, body) => kernel.connection.publish(subject, body),
    now: Date.now,
  });
  const observer = observeRuns({ ...kernel, now: Date.now });
  const knock = (key: WorkflowKey): void => kernel.aborts.knock(key);
  const runs = new Runs({
    append,
    read,
    clock,
    ended: observer.ended,
    knock,
    machineFor: (run) => registry.machineFor(run),
    cached: CACHED_RUNS,
  });
  const door = new Door({
    append,
    read,
    runs,
    registry,
    currentTools: (names) => kernel.tools.current(names),
    enabled: config.FF_AGENTS_ENABLED,
    maxTokens: config.AGENT_MAX_TOKENS,
    doorId: await streamId(kernel.connection, DOOR_STREAM),
  });
  const actor = (stream: string, consumer: string, does: Pick<ActorOptions, 'handle' | 'onDead'>): Actor =>
    startActor({
      ...does,
      connection: kernel.connection,
      stream,
      consumer,
      concurrency: 256,
      ackWaitMs: ackWaitMsOf(consumer),
      maxAttempts: MAX_ATTEMPTS,
      deadLetters: kernel.deadLetters,
      suspects: kernel.suspects,
      logger: kernel.logger,
      metrics: kernel.metrics,
      onFatal,
    });
  const follow = async (delivery: Delivery): Promise<void> => {
    if (!isNews(delivery)) return;
    const event = decodeEvent(delivery);
    await observer
      .planned(event, delivery, () => runs.deliver(event).catch(leaveToOthers))
      .catch((error: unknown) => giveUpBugs(error, delivery));
  };
  const fold = {
    handle: follow,
    onDead: (delivery: Delivery, failure: Failure) => failRun({ append, read, knock }, delivery, failure),
  };
  const fire = async (delivery: Delivery): Promise<void> => {
    const fired = parseFiredSubject(delivery.subject);
    if (fired !== undefined) await runs.record(fired, (run) => firedDraft(run, fired.timer));
  };
  const followShard = (shard: number): Actor => {
    const shardActor = actor(LOG_STREAM, plannerConsumer(shard), fold);
    if (shard !== 0) return shardActor;
    return allOf([shardActor, startRunsProjection(kernel, onFatal), startDeadRequests(kernel, onFatal)]);
  };
  return {
    actors: [
      actor(DOOR_STREAM, 'door', { handle: (delivery) => door.handle(delivery) }),
      actor(CLOCK_STREAM, 'clock', { handle: fire }),
      keepShards(kernel, followShard),
    ],
  };
}

if (import.meta.main) await runService({ name: 'planner', readConfig, start: startPlanner });

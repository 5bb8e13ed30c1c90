// The planner process: the door and the clock (which only record), and an actor for each shard of the log that it holds (which folds
// and owes). What one planner must do for all goes with shard 0.
import { randomUUID } from 'node:crypto';
import type { WorkflowKey } from '@troupe/contracts';
import { decodeEvent, parseFiredSubject, parseLogSubject, SHARDS } from '@troupe/contracts';
import type { Actor, ActorOptions, Kernel, Running } from '@troupe/shared';
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
  UNTIL_MENDED,
} from '@troupe/shared';
import { createClock, firedDraft } from './clock.ts';
import type { PlannerConfig } from './config.ts';
import { UnknownVersionError } from './core/run.ts';
import { readConfig } from './config.ts';
import { startDeadRequests } from './dead-requests.ts';
import type { FailRunMeans } from './dead-runs.ts';
import { failRun, giveUpBugs } from './dead-runs.ts';
import { Door } from './door.ts';
import type { RunObserver } from './observe-runs.ts';
import { observeRuns } from './observe-runs.ts';
import { isNews, Runs } from './runs.ts';
import { startRunsProjection } from './runs-projection.ts';
import { ShardKeeper } from './shard-keeper.ts';
import { automation } from './workflows/automation.ts';
import type { Registry } from './workflows/registry.ts';
import { createRegistry } from './workflows/registry.ts';

/** Runs kept folded in memory: some kilobytes each. */
const CACHED_RUNS = 20_000;

/**
 * A run of a version that only another planner has: delivered again until that one takes it. Soon, since in a rolling update it is there;
 * after a rollback it may be days, and the run must outlive them.
 */
const leaveToOthers =
  (attempt: number) =>
  (error: unknown): never => {
    if (!(error instanceof UnknownVersionError)) throw error;
    const retryAfterMs = attempt < 100 ? 2_000 : 60_000;
    throw new RetryableError('unknown_version', error.message, { retryAfterMs, cause: error });
  };

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

type Handling = Pick<ActorOptions, 'handle' | 'onDead'>;

/** What is done about events of the log and about timers that are due, and about those that are given up. */
function handlers(
  runs: Runs,
  observer: RunObserver,
  endOf: FailRunMeans,
): { readonly events: Handling; readonly timers: Handling } {
  return {
    events: {
      async handle(delivery) {
        if (!isNews(delivery)) return;
        const event = decodeEvent(delivery);
        await observer
          .planned(event, delivery, () => runs.deliver(event).catch(leaveToOthers(delivery.attempt)))
          .catch((error: unknown) => giveUpBugs(error, delivery));
      },
      onDead: ({ subject, seq }, failure) => failRun(endOf, { key: parseLogSubject(subject), seq }, failure),
    },
    timers: {
      async handle({ subject, attempt }) {
        const fired = parseFiredSubject(subject);
        if (fired === undefined) return;
        await runs.record(fired, (run) => firedDraft(run, fired.timer)).catch(leaveToOthers(attempt));
      },
      // A run may wait for nothing but this timer.
      onDead: ({ subject }, failure) => failRun(endOf, { key: parseFiredSubject(subject), seq: 0 }, failure),
    },
  };
}

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
    publish: kernel.tell,
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
  const actor = (stream: string, consumer: string, does: Handling): Actor =>
    startActor({
      ...does,
      connection: kernel.connection,
      stream,
      consumer,
      concurrency: 256,
      ackWaitMs: ackWaitMsOf(consumer),
      maxAttempts: UNTIL_MENDED,
      deadLetters: kernel.deadLetters,
      suspects: kernel.suspects,
      logger: kernel.logger,
      metrics: kernel.metrics,
      onFatal,
    });
  const { events, timers } = handlers(runs, observer, { append, read, knock, ended: observer.ended });
  const followShard = (shard: number): Actor => {
    const shardActor = actor(LOG_STREAM, plannerConsumer(shard), events);
    if (shard !== 0) return shardActor;
    return allOf([shardActor, startRunsProjection(kernel, onFatal), startDeadRequests(kernel, onFatal)]);
  };
  return {
    actors: [
      actor(DOOR_STREAM, 'door', { handle: (delivery) => door.handle(delivery) }),
      actor(CLOCK_STREAM, 'clock', timers),
      keepShards(kernel, followShard),
    ],
  };
}

if (import.meta.main) await runService({ name: 'planner', readConfig, start: startPlanner });

// The planner process: the door and the clock (which only record), and one actor per shard of the log (which folds and owes).
import { decodeEvent, parseFiredSubject, SHARDS } from '@troupe/contracts';
import type { ActorOptions, Delivery, Kernel, Running } from '@troupe/shared';
import {
  ackWaitMsOf,
  CLOCK_STREAM,
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
import { Door } from './door.ts';
import { isNews, Runs } from './runs.ts';
import { automation } from './workflows/automation.ts';
import { createRegistry } from './workflows/registry.ts';

/** Runs kept folded in memory: some kilobytes each. */
const CACHED_RUNS = 20_000;

/** A run of a version that only another planner has: delivered again until that one takes it. */
function leaveToOthers(error: unknown): never {
  if (!(error instanceof UnknownVersionError)) throw error;
  throw new RetryableError('unknown_version', error.message, { retryAfterMs: 2_000, cause: error });
}

/** At the longest pause, most of a day: a full or absent log is waited out, since a trigger given up would strand its run. */
const MAX_ATTEMPTS = 10_000;

async function start(
  kernel: Kernel,
  config: PlannerConfig,
  onFatal: (error: Error) => void,
): Promise<Running> {
  const registry = createRegistry([automation]);
  const { append, read } = kernel.log;
  const clock = createClock({
    publisher: kernel.publisher,
    publish: (subject, body) => kernel.connection.publish(subject, body),
    now: Date.now,
  });
  const runs = new Runs({
    append,
    read,
    clock,
    knock: (key) => kernel.aborts.knock(key),
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
  const actor = (stream: string, consumer: string, handle: ActorOptions['handle']) =>
    startActor({
      connection: kernel.connection,
      stream,
      consumer,
      handle,
      concurrency: 256,
      ackWaitMs: ackWaitMsOf(consumer),
      maxAttempts: MAX_ATTEMPTS,
      deadLetters: kernel.deadLetters,
      logger: kernel.logger,
      onFatal,
    });
  const follow = async (delivery: Delivery): Promise<void> => {
    const event = decodeEvent(delivery);
    if (isNews(event)) await runs.deliver(event).catch(leaveToOthers);
  };
  const fire = async (delivery: Delivery): Promise<void> => {
    const fired = parseFiredSubject(delivery.subject);
    if (fired !== undefined) await runs.record(fired, (run) => firedDraft(run, fired.timer));
  };
  return {
    actors: [
      actor(DOOR_STREAM, 'door', (delivery) => door.handle(delivery)),
      actor(CLOCK_STREAM, 'clock', fire),
      ...Array.from({ length: SHARDS }, (_, shard) => actor(LOG_STREAM, plannerConsumer(shard), follow)),
    ],
  };
}

await runService({ name: 'planner', readConfig, start });

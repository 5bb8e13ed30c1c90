// Many runs at once, and the judgement of what became of each: by its log, and by what the world outside counted.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JetStreamManager } from 'nats';
import type { StoredEvent } from '@troupe/contracts';
import { isTerminal, TERMINAL_TYPES, typeFilter } from '@troupe/contracts';
import { LOG_STREAM } from '@troupe/shared';
import { declaredConsumers } from '../../../shared/src/provision/declared.ts';
import { assertChain } from '../support/events.ts';
import { until } from '../support/until.ts';
import { keyOf } from './stage.ts';
import type { Stage } from './stage.ts';

export interface Progress {
  readonly underWay: number;
  readonly ended: number;
  /** Outcomes of model calls in the log. */
  readonly turns: number;
}

/** What became of the runs; the sums are told, since a fault that hit nobody proves nothing. */
export interface Verdict {
  readonly runs: number;
  readonly completed: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly events: number;
  /** Acts of `once` tools that the log says were done. */
  readonly effects: number;
  /** Acts that were interrupted: whether they happened is not known, and nobody did them again. */
  readonly unknown: number;
  /** Of those: how many had happened, as the world saw. */
  readonly unknownButDone: number;
}

/** Runs that are asked for one after the other, so that as many as wanted are under way for as long as wanted. */
export class Crowd {
  readonly #stage: Stage;
  readonly #goalOf: (workflow: string, i: number) => string;
  readonly workflows: string[] = [];

  constructor(stage: Stage, goalOf: (workflow: string, i: number) => string) {
    this.#stage = stage;
    this.#goalOf = goalOf;
  }

  /** Asks for `count` more runs; resolves when the door has stored them. A server that is away is asked again. */
  async add(count: number): Promise<void> {
    const first = this.workflows.length;
    const added = Array.from({ length: count }, (_, i) => `run-${first + i}`);
    this.workflows.push(...added);
    const add = (workflow: string, i: number): Promise<true> => {
      const request = { workflow, goal: this.#goalOf(workflow, first + i) };
      return until(`${workflow} is stored`, () => this.#stage.request(request).then(yes, no), 60_000);
    };
    await Promise.all(added.map(add));
  }

  /** Replaces runs that ended, so that `count` are under way, until the signal aborts. */
  async keep(count: number, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const progress = await this.progress();
      if (progress !== undefined) await this.add(Math.max(0, count - progress.underWay));
      await sleep(LOOK_EVERY_MS);
    }
  }

  /** Counted by the log's subjects; undefined while the server is away. */
  async progress(): Promise<Progress | undefined> {
    try {
      const manager = await this.#stage.kernel.connection.jetstreamManager();
      const counted = (filter: string): Promise<number> => countOf(manager, filter);
      const ends = await Promise.all(TERMINAL_TYPES.map((type) => counted(typeFilter(type))));
      const ended = ends.reduce((sum, count) => sum + count, 0);
      const turns = await counted(typeFilter('llm.completed'));
      return { turns, ended, underWay: this.workflows.length - ended };
    } catch {
      return undefined;
    }
  }

  /** Resolves with the progress once `is` holds for it. */
  reaches(what: string, is: (progress: Progress) => boolean, withinMs: number): Promise<Progress> {
    const look = async (): Promise<Progress | false> => {
      const progress = await this.progress();
      return progress !== undefined && is(progress) && progress;
    };
    return until(what, look, withinMs, LOOK_EVERY_MS);
  }
}

/** A look counts thousands of subjects: it costs the server more than the runs that it looks at. */
const LOOK_EVERY_MS = 250;

const yes = (): true => true;
const no = (): false => false;

async function countOf(manager: JetStreamManager, filter: string): Promise<number> {
  const { state } = await manager.streams.info(LOG_STREAM, { subjects_filter: filter });
  return Object.values(state.subjects ?? {}).reduce((sum, messages) => sum + messages, 0);
}

/** Fails unless every run has one end, no effect happened twice, and what the log says was done was done. */
export async function judge(stage: Stage, workflows: readonly string[]): Promise<Verdict> {
  const { notifications } = stage.given.world;
  const sent = new Map<string, number>();
  for (const { key } of notifications) sent.set(key, (sent.get(key) ?? 0) + 1);
  assert.deepEqual(
    [...sent].filter(([, times]) => times > 1),
    [],
    'no effect reached the world twice',
  );
  const ends = { completed: 0, failed: 0, cancelled: 0 };
  const sums = { events: 0, effects: 0, unknown: 0, unknownButDone: 0 };
  for (const workflow of workflows) {
    const log = await stage.log(workflow);
    assertChain(log, keyOf(workflow));
    const terminal = log.filter(({ type }) => isTerminal(type));
    assert.equal(terminal.length, 1, `${workflow} has one end: ${log.map(({ type }) => type).join(' ')}`);
    assert.equal(log.at(-1), terminal[0]);
    ends[terminal[0]!.type.slice('workflow.'.length) as keyof typeof ends] += 1;
    sums.events += log.length;
    for (const request of log) judgeEffect(request, log, sent, sums);
  }
  return { runs: workflows.length, ...ends, ...sums };
}

type Effects = { effects: number; unknown: number; unknownButDone: number };

/** `notify_user` carries the id of its request to the world, so each of its outcomes can be held against what was seen there. */
function judgeEffect(
  request: StoredEvent,
  log: readonly StoredEvent[],
  sent: ReadonlyMap<string, number>,
  sums: Effects,
): void {
  if (request.type !== 'tool.requested' || request.data.tool.name !== 'notify_user') return;
  const seen = sent.get(request.id) ?? 0;
  const outcome = log.find(
    ({ type, causationId }) =>
      causationId === request.id && (type === 'tool.completed' || type === 'tool.failed'),
  );
  if (outcome?.type === 'tool.completed') {
    assert.equal(seen, 1, `${request.workflow}: told as done, and the world saw it ${seen} times`);
    sums.effects += 1;
  } else if (outcome?.type === 'tool.failed' && outcome.data.outcome === 'unknown') {
    sums.unknown += 1;
    sums.unknownButDone += seen;
  } else if (outcome?.type === 'tool.failed')
    assert.equal(
      seen,
      0,
      `${request.workflow}: told as not done (${outcome.data.error.code}), and the world saw it`,
    );
}

/** Deliveries beyond the first of each message, as far as the consumers still know: a killed server forgets some. */
export async function redeliveries({ kernel }: Stage): Promise<number> {
  const manager = await kernel.connection.jetstreamManager();
  let sum = 0;
  for (const { stream, config } of declaredConsumers()) {
    if (stream !== LOG_STREAM) continue;
    const counts = await Promise.all(config.filter_subjects!.map((filter) => countOf(manager, filter)));
    const messages = counts.reduce((total, count) => total + count, 0);
    const { delivered } = await manager.consumers.info(LOG_STREAM, config.durable_name);
    sum += Math.max(0, delivered.consumer_seq - messages);
  }
  return sum;
}

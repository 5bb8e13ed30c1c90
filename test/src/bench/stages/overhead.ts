// What the orchestration of an agent costs: recall, think, act, think, answer, with workers that do nothing and one planner as
// shipped; and beside it, in the same rounds, how fast plain publishes go into the same server.
import { automation } from '../../../../services/planner/src/workflows/automation.ts';
import { LOG_STREAM } from '@troupe/shared';
import { StorageType } from 'nats';
import type { Options } from '../options.ts';
import type { System } from '../system.ts';
import { startSystem } from '../system.ts';
import type { Measured } from './workflows.ts';
import { measureRounds } from './workflows.ts';

export interface Overhead extends Measured {
  readonly rawPublishPerSecond: readonly number[];
  /** Of a stored event, on average; what a raw publish carries. */
  readonly bytesPerEvent: number;
}

const RAW_IN_FLIGHT = 128;

export async function measureOverhead(
  { rounds, seconds, profileDir }: Options,
  report: (line: string) => void,
): Promise<Overhead> {
  await using system = await startSystem({ profileDir });
  await system.startPlanner();
  const manager = await system.kernel.connection.jetstreamManager();
  await manager.streams.add({ name: 'BENCH_RAW', subjects: ['bench.raw.>'], storage: StorageType.File });
  const rawPublishPerSecond: number[] = [];
  const measured = await measureRounds(
    system,
    { workflowType: automation.type, rounds, seconds, report },
    async () => {
      const { messages, seconds: took } = await system.publish({
        prefix: `bench.raw.${rawPublishPerSecond.length}`,
        concurrency: RAW_IN_FLIGHT,
        bytes: await bytesPerEvent(system),
        seconds: seconds / 2,
      });
      rawPublishPerSecond.push(messages / took);
      report(`raw publishes, ${RAW_IN_FLIGHT} in flight: ${(messages / took).toFixed(0)}/s`);
    },
  );
  return { ...measured, rawPublishPerSecond, bytesPerEvent: await bytesPerEvent(system) };
}

async function bytesPerEvent({ kernel }: System): Promise<number> {
  const { state } = await (await kernel.connection.jetstreamManager()).streams.info(LOG_STREAM);
  return Math.round(state.bytes / state.messages);
}

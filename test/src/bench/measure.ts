// One repetition: workflows kept in flight for some seconds, their rate and latency as the load generator saw them, and the CPU
// that everything else took meanwhile. And the check that the log agrees with what was seen.
import { LOG_STREAM } from '@troupe/shared';
import { BENCH_USER } from './load/commands.ts';
import type { System } from './system.ts';

export interface Repetition {
  readonly workflows: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** By name of the process, in ms per workflow; undefined where the system does not tell. */
  readonly cpuMs: ReadonlyMap<string, number> | undefined;
}

export interface Load {
  readonly run: string;
  readonly workflowType: string;
  readonly concurrency: number;
  readonly seconds: number;
}

export async function measure(system: System, load: Load): Promise<Repetition> {
  const before = await system.cpu();
  const { workflows, seconds, p50Ms, p99Ms } = await system.drive(load);
  const after = await system.cpu();
  const cpuMs =
    before &&
    after &&
    new Map([...after].map(([name, ms]) => [name, (ms - (before.get(name) ?? 0)) / workflows]));
  return { workflows, perSecond: workflows / seconds, p50Ms, p99Ms, cpuMs };
}

/**
 * Counts in the stream. Throws unless it holds exactly one `workflow.completed` of each of the `workflows` runs, and no other
 * end. Returns the log messages per workflow.
 */
export async function countLog({ kernel }: System, workflows: number): Promise<number> {
  const manager = await kernel.connection.jetstreamManager();
  const counted = async (type: string): Promise<number[]> => {
    const subjects_filter = `agents.workflow.${type}.*.${BENCH_USER}.*`;
    const { state } = await manager.streams.info(LOG_STREAM, { subjects_filter });
    return Object.values(state.subjects ?? {});
  };
  const completed = await counted('completed');
  if (completed.length !== workflows || completed.some((count) => count !== 1)) {
    const ends = completed.reduce((sum, count) => sum + count, 0);
    throw new Error(`${workflows} workflows were run; the log holds ${ends} ends of ${completed.length}`);
  }
  for (const type of ['failed', 'cancelled', 'disabled']) {
    const others = await counted(type);
    if (others.length > 0) throw new Error(`The log holds ${others.length} workflow.${type}`);
  }
  const { state } = await manager.streams.info(LOG_STREAM);
  return state.messages / workflows;
}

/** CPU of all processes together. */
export const totalCpu = ({ cpuMs }: Repetition): number =>
  [...(cpuMs?.values() ?? [Number.NaN])].reduce((sum, ms) => sum + ms, 0);

/** In one line. */
export function told(repetition: Repetition): string {
  const { perSecond, p50Ms, p99Ms, cpuMs } = repetition;
  const cpu = [...(cpuMs ?? [])].map(([name, ms]) => `${name} ${ms.toFixed(2)}`).join(', ');
  return `${perSecond.toFixed(0)}/s, p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms, CPU ${totalCpu(repetition).toFixed(2)} ms (${cpu})`;
}

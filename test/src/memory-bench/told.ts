// A repetition in one line, for whoever waits.
import type { Cpu } from '../bench/cpu.ts';
import type { Searches, Upserts } from './measure.ts';

export function toldOf(measured: Searches | Upserts): string {
  const { perSecond, cpuMs } = measured;
  const rate = `${perSecond.toFixed(0)}/s`;
  const cpu = `CPU ms each: ${cpuTold(cpuMs)}`;
  if ('runs' in measured) return `${rate} of ${measured.runs}, ${cpu}`;
  const { p50Ms, p99Ms, ours } = measured;
  return `${rate}, p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms, ${percentOf(ours)} ours, ${cpu}`;
}

export const percentOf = (share: number): string => `${(share * 100).toFixed(0)} %`;

/** By process. */
export const cpuTold = (cpu: Cpu | undefined): string =>
  cpu === undefined
    ? 'not told by this system'
    : [...cpu].map(([name, ms]) => `${name} ${ms.toFixed(2)}`).join(' + ');

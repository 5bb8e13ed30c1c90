// What breaks a stack: processes are killed, and started again by the stack's supervision; the server is killed and started again
// on its store. Each kill waits until what it killed is back.
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServiceName } from '../../../services/cli/src/stack.ts';
import type { TestStack } from '../e2e/with-stack.ts';
import { until } from '../support/until.ts';

export type Victim = ServiceName | 'nats-server';

/** Random numbers in [0, 1) that are the same for the same seed. */
export type Random = () => number;

export const pick = <T>(random: Random, from: readonly T[]): T =>
  from[Math.floor(random() * from.length)] as T;

export function shuffled<T>(random: Random, from: readonly T[]): T[] {
  const left = [...from];
  return from.map(() => left.splice(Math.floor(random() * left.length), 1)[0] as T);
}

/** SIGKILL to one process of the victim; resolves when its successor says that it is ready. Needs a stack that keeps running. */
export async function kill(given: TestStack, victim: Victim, random: Random): Promise<void> {
  if (victim !== 'nats-server') return replace(given, victim, 'SIGKILL', random);
  const { nats } = given.stack;
  nats.kill('SIGKILL');
  await nats.exited();
  await sleep(random() * 500);
  await nats.restart();
}

/** As an operator does it: the process finishes what it has in hand. */
export const restart = (given: TestStack, service: ServiceName, random: Random): Promise<void> =>
  replace(given, service, 'SIGTERM', random);

/** A process that stands still for up to 8 s: longer than some AckWaits, and it does not know. */
export async function freeze({ stack }: TestStack, service: ServiceName, random: Random): Promise<void> {
  const frozen = pick(random, stack.processes(service));
  frozen.kill('SIGSTOP');
  await sleep(1_000 + random() * 7_000);
  frozen.kill('SIGCONT');
}

const READY = /"msg":"ready"/;

async function replace(
  { stack, lines }: TestStack,
  service: ServiceName,
  signal: NodeJS.Signals,
  random: Random,
): Promise<void> {
  const ready = (): number =>
    lines.filter((line) => line.startsWith(`${service} `) && READY.test(line)).length;
  const before = ready();
  pick(random, stack.processes(service)).kill(signal);
  await until(`a new ${service}`, () => ready() > before, 60_000);
}

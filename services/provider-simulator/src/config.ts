// The environment, read once and in one place. The simulator stands alone, also without the kernel, and so has its own few rules.
import { z } from 'zod';
import { DEFAULT_DELTA_LENGTH } from './protocol/sse.ts';

function whole(min: number, max: number, byDefault: number) {
  const fits = (text: string): boolean => /^\d+$/.test(text) && Number(text) >= min && Number(text) <= max;
  return z
    .string()
    .refine(fits, `must be a whole number from ${min} to ${max}`)
    .default(String(byDefault))
    .transform(Number);
}

export const settings = {
  /** Another than loopback only where nobody else can reach it, as in a container: whoever can, may script it. */
  SIMULATOR_HOST: z
    .string()
    .regex(/^[\w.:-]+$/, 'must be an address of this machine')
    .default('127.0.0.1'),
  /** 0 takes a free one. */
  SIMULATOR_PORT: whole(0, 65_535, 0),
  /** Before the first byte of every answer. */
  SIMULATOR_LATENCY_MS: whole(0, 600_000, 0),
  /** Characters of one streamed part. */
  SIMULATOR_DELTA_CHARS: whole(1, 100_000, DEFAULT_DELTA_LENGTH),
};

export interface Config {
  readonly host: string;
  readonly port: number;
  readonly latencyMs: number;
  readonly deltaLength: number;
}

/** Throws an Error whose message names every wrong variable and its rule, never its value. */
export function readConfig(environment: NodeJS.ProcessEnv = process.env): Config {
  const present = Object.fromEntries(
    Object.keys(settings).map((name) => [name, environment[name] || undefined]),
  );
  const parsed = z.object(settings).safeParse(present);
  if (!parsed.success)
    throw new Error(
      parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '),
    );
  return {
    host: parsed.data.SIMULATOR_HOST,
    port: parsed.data.SIMULATOR_PORT,
    latencyMs: parsed.data.SIMULATOR_LATENCY_MS,
    deltaLength: parsed.data.SIMULATOR_DELTA_CHARS,
  };
}

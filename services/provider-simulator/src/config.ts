// The environment, read once and in one place.
import { z } from 'zod';
import { DEFAULT_DELTA_LENGTH } from './protocol/sse.ts';

const Environment = z.object({
  SIMULATOR_PORT: z.coerce.number().int().min(0).max(65_535).default(0),
  SIMULATOR_LATENCY_MS: z.coerce.number().int().min(0).max(600_000).default(0),
  SIMULATOR_DELTA_CHARS: z.coerce.number().int().min(1).max(100_000).default(DEFAULT_DELTA_LENGTH),
});

export interface Config {
  readonly port: number;
  readonly latencyMs: number;
  readonly deltaLength: number;
}

/** Throws an Error whose message names every wrong variable. */
export function readConfig(environment: NodeJS.ProcessEnv = process.env): Config {
  const parsed = Environment.safeParse(environment);
  if (!parsed.success) throw new Error(z.prettifyError(parsed.error));
  return {
    port: parsed.data.SIMULATOR_PORT,
    latencyMs: parsed.data.SIMULATOR_LATENCY_MS,
    deltaLength: parsed.data.SIMULATOR_DELTA_CHARS,
  };
}

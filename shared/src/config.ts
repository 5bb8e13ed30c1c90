// Configuration: the environment, validated once at start. A wrong value names the variable, its rule and the fix; values
// are never printed, since one of them may be a secret.
import { z } from 'zod';
import { StartupError } from './errors.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** The process's environment: only files named config.ts call this. */
export const environment = (): Environment => process.env;

/** A switch: true, on, yes, 1 or false, off, no, 0. */
export function flag(byDefault: boolean) {
  return z
    .enum(['true', 'on', 'yes', '1', 'false', 'off', 'no', '0'])
    .default(byDefault ? 'true' : 'false')
    .transform((value) => ['true', 'on', 'yes', '1'].includes(value));
}

/** Settings of every service. */
export const kernelSettings = {
  NATS_URL: z.string().min(1).default('nats://127.0.0.1:4222'),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
};

/** A number between `min` and `max`, both included. */
export const numberBetween = (min: number, max: number, byDefault: number) =>
  z.coerce.number().min(min).max(max).default(byDefault);
export const integerBetween = (min: number, max: number, byDefault: number) =>
  z.coerce.number().int().min(min).max(max).default(byDefault);

export type KernelConfig = z.infer<z.ZodObject<typeof kernelSettings>>;

/** Reads `shape` from `env`; an empty variable counts as absent. Throws StartupError `invalid_configuration` naming every wrong one. */
export function readSettings<Shape extends z.ZodRawShape>(
  shape: Shape,
  env: Environment,
): z.infer<z.ZodObject<Shape>> {
  const present = Object.fromEntries(
    Object.keys(shape).map((name) => [name, env[name] === '' ? undefined : env[name]]),
  );
  const parsed = z.object(shape).safeParse(present, { reportInput: false });
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new StartupError({
    code: 'invalid_configuration',
    message: `${problems.join('; ')}.`,
    hint: 'Correct the variable, or unset it to take its default.',
  });
}

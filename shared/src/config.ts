// Configuration: the environment, in development with the `.env` file under it, validated once at start. A wrong value names the
// variable, its rule and the fix; values are never printed, since one of them may be a secret.
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { parseEnvFile } from './env-file.ts';
import { StartupError } from './errors.ts';
import { traceSettings } from './telemetry/config.ts';
import { unknownVariables } from './known-variables.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

const ENV_FILE = '.env';

/**
 * The process's environment: only files named config.ts call this. In development (the default) what the file `.env` of the working
 * folder says stands under it: a variable that the process has, even an empty one, wins. Throws StartupError `invalid_env_file`.
 */
export function environment(): Environment {
  const given = process.env;
  if ((given['APP_ENV'] || 'development') !== 'development') return given;
  return { ...readEnvFile(), ...given };
}

function readEnvFile(): Environment {
  const text = contentOf(ENV_FILE);
  if (text === undefined) return {};
  const values = parseEnvFile(text, ENV_FILE);
  if (!('APP_ENV' in values)) return values;
  throw new StartupError({
    code: 'invalid_env_file',
    message: `${ENV_FILE}: APP_ENV cannot be set here, since it decides whether this file is read.`,
    hint: 'Set APP_ENV in the environment of the process.',
  });
}

function contentOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/** One sentence for every variable of the environment that looks like one of ours and is none: a typo, most likely. */
export const variablesNobodyReads = (): string[] => unknownVariables(Object.keys(environment()));

/** A switch: true, on, yes, 1 or false, off, no, 0. */
export function flag(byDefault: boolean) {
  const on = ['true', 'on', 'yes', '1'];
  const off = ['false', 'off', 'no', '0'];
  return oneOf([...on, ...off], String(byDefault)).transform((value) => on.includes(value));
}

export const oneOf = <const Value extends string>(values: readonly Value[], byDefault: NoInfer<Value>) =>
  z.enum(values, `must be one of ${values.join(', ')}`).default(byDefault);

/** A number between `min` and `max`, both included, as plain decimal digits. */
export const numberBetween = (min: number, max: number, byDefault: number) =>
  decimal({ what: 'a number', pattern: /^\d*\.?\d+$/, min, max, byDefault });
export const integerBetween = (min: number, max: number, byDefault: number) =>
  decimal({ what: 'a whole number', pattern: /^\d+$/, min, max, byDefault });

function decimal(rule: { what: string; pattern: RegExp; min: number; max: number; byDefault: number }) {
  const { what, pattern, min, max, byDefault } = rule;
  const fits = (text: string): boolean => pattern.test(text) && Number(text) >= min && Number(text) <= max;
  return z
    .string()
    .refine(fits, `must be ${what} from ${min} to ${max}`)
    .default(String(byDefault))
    .transform(Number);
}

export const httpUrl = () =>
  z.url({ protocol: /^https?$/, error: 'must be a URL that begins with http:// or https://' });

/** The path of something on this machine; `what` says of what. */
export const pathOf = (what: string) => z.string().min(1, `must be the path of ${what}`);

/** A secret, or with `_FILE` behind its name the file that holds it: readSettings takes it from there. */
export const secret = () =>
  z
    .string()
    .regex(/^[\x21-\x7e]+$/, 'must be visible ASCII without spaces')
    .optional();
/** Several of a kind; whoever uses them takes them apart. */
export const secretList = () =>
  z
    .string()
    .regex(
      /^[\x21-\x7e\r\n]+$/,
      'must be keys with commas or line ends between them, each optionally with @ and its quota group',
    )
    .optional();
const SECRET_FILE_RULE = 'must be the path of a file that can be read, is not empty and holds the secret';
export const secretFile = () => z.string().min(1, SECRET_FILE_RULE).optional();

const isNatsAddress = (address: string): boolean =>
  URL.canParse(address.includes('://') ? address : `nats://${address}`);

/** Settings of every service. */
export const kernelSettings = {
  /** `.env` is read in development only; traces carry it as the environment's name. */
  APP_ENV: oneOf(['development', 'production', 'test'], 'development'),
  NATS_URL: z
    .string()
    .refine(
      (list) => list.split(',').every(isNatsAddress),
      'must be the address of a NATS server, or several with commas between them',
    )
    .default('nats://127.0.0.1:4222'),
  LOG_LEVEL: oneOf(['trace', 'debug', 'info', 'warn', 'error', 'silent'], 'info'),
  /** Of /metrics, /livez and /readyz; where it is taken, the process takes the next free one and says so. */
  AGENT_METRICS_PORT: integerBetween(1_024, 65_535, 9_100),
  AGENT_METRICS_HOST: z
    .string()
    .regex(/^[\w.:-]+$/, 'must be an address of this machine')
    .default('127.0.0.1'),
  ...traceSettings,
};

export type KernelConfig = z.infer<z.ZodObject<typeof kernelSettings>>;

/**
 * Reads `shape` from `env`; an empty variable counts as absent. Where the shape has `X` and `X_FILE`, the value may come from that
 * file. Throws StartupError `invalid_configuration` naming every wrong variable.
 */
export function readSettings<Shape extends z.ZodRawShape>(
  shape: Shape,
  env: Environment,
): z.infer<z.ZodObject<Shape>> {
  const { present, origins, problems } = gather(Object.keys(shape), env);
  const parsed = z.object(shape).safeParse(present, { reportInput: false });
  for (const { path, message } of parsed.error?.issues ?? []) {
    const name = path.join('.');
    const origin = origins.get(name);
    const [variable, rule] = origin === undefined ? [name, message] : [origin, `its content ${message}`];
    if (!problems.has(variable)) problems.set(variable, rule);
  }
  if (parsed.success && problems.size === 0) return parsed.data;
  throw invalid(problems, shape);
}

interface Gathered {
  readonly present: Record<string, string | undefined>;
  /** Which variable named the file that a value comes from. */
  readonly origins: Map<string, string>;
  readonly problems: Map<string, string>;
}

function gather(names: readonly string[], env: Environment): Gathered {
  const gathered: Gathered = { present: {}, origins: new Map(), problems: new Map() };
  const { present, origins, problems } = gathered;
  for (const name of names) {
    present[name] = env[name] || undefined;
    const variable = `${name}_FILE`;
    const file = names.includes(variable) ? env[variable] : undefined;
    if (!file) continue;
    const content = contentOf(file)?.trim();
    if (present[name] !== undefined) problems.set(variable, `must not be set beside ${name}`);
    else if (content) present[name] = content;
    else problems.set(variable, SECRET_FILE_RULE);
    origins.set(name, variable);
  }
  return gathered;
}

function invalid(problems: ReadonlyMap<string, string>, shape: z.ZodRawShape): StartupError {
  const defaults = [...problems.keys()].flatMap((name) => {
    const value = shape[name] === undefined ? undefined : defaultOf(shape[name] as z.ZodType);
    return value === undefined ? [] : [`${name} ${value}`];
  });
  return new StartupError({
    code: 'invalid_configuration',
    message: `${[...problems].map(([name, rule]) => `${name}: ${rule}`).join('; ')}.`,
    hint: `Correct ${problems.size === 1 ? 'the variable' : 'each of them'}, or unset it${defaults.length === 0 ? '' : ` to take its default (${defaults.join(', ')})`}.`,
  });
}

/** What an unset variable stands for, in words; undefined where it stands for nothing. */
export function defaultOf(schema: z.ZodType): string | undefined {
  const { data } = schema.safeParse(undefined);
  return ['string', 'number', 'boolean'].includes(typeof data) && data !== '' ? String(data) : undefined;
}

// What the command line reads of the environment. Services validate their own variables when they start.
import { environment, kernelSettings, readSettings } from '@troupe/shared';
import type { Environment } from '@troupe/shared';
import { z } from 'zod';

const settings = {
  ...kernelSettings,
  NATS_PORT: z.coerce.number().int().min(1).max(65_535).default(4_222),
  NATS_MONITOR_URL: z.url().optional(),
  CHROMA_URL: z.url().optional(),
  /** Where `dev` keeps the state of nats-server. */
  TROUPE_STATE_DIR: z.string().min(1).optional(),
  CHROMA_PERSIST_DIR: z.string().min(1).default('./.chroma-workflow'),
  OPENAI_API_KEY: z.string().optional(),
  OPENAI_API_KEY_FILE: z.string().optional(),
  ANTHROPIC_API_KEY: z.string().optional(),
  ANTHROPIC_API_KEY_FILE: z.string().optional(),
};

export const readConfig = () => readSettings(settings, environment());
export type CliConfig = ReturnType<typeof readConfig>;

/** Whether a real provider can be asked. */
export const hasProviderKey = (config: CliConfig): boolean =>
  [
    config.OPENAI_API_KEY,
    config.OPENAI_API_KEY_FILE,
    config.ANTHROPIC_API_KEY,
    config.ANTHROPIC_API_KEY_FILE,
  ].some((value) => value !== undefined);

/** The environment that components are looked for in. */
export const componentEnvironment = (): Environment => environment();

const COMMON = [
  'PATH',
  'HOME',
  'TMPDIR',
  'LANG',
  'TZ',
  'NODE_OPTIONS',
  'NODE_EXTRA_CA_CERTS',
  'APP_ENV',
  'LOG_LEVEL',
];
const ONLY_GATEWAY = /^(OPENAI_|ANTHROPIC_)/;

/** What a service is given of our environment: the common part and our own settings; provider keys only to the gateway. */
export function environmentFor(service: string): Record<string, string> {
  const given = Object.entries(environment()).filter(
    ([name]) =>
      COMMON.includes(name) ||
      /^(AGENT_|FF_|OTEL_)/.test(name) ||
      (service === 'llm-gateway' && ONLY_GATEWAY.test(name)),
  );
  return Object.fromEntries(given.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}

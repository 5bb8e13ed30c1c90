// What the command line reads of the environment. Services validate their own variables when they start.
import type { Environment } from '@troupe/shared';
import {
  environment,
  httpUrl,
  integerBetween,
  kernelSettings,
  pathOf,
  readSettings,
  secret,
  secretFile,
  secretList,
} from '@troupe/shared';

const { APP_ENV, NATS_URL } = kernelSettings;

/** Of the commands that talk to a running stack. */
const clientSettings = {
  APP_ENV,
  NATS_URL,
  /** The server's HTTP monitoring: what is missing is made only on a server that says there that it is healthy. */
  NATS_MONITOR_URL: httpUrl().optional(),
  CHROMA_URL: httpUrl().optional(),
};
export const readConfig = () => readSettings(clientSettings, environment());
export type CliConfig = ReturnType<typeof readConfig>;

/** Of `dev` and `demo`, which start one. */
const stackSettings = {
  APP_ENV,
  NATS_PORT: integerBetween(1, 65_535, 4_222),
  CHROMA_URL: httpUrl().optional(),
  /** Where `dev` keeps the state of nats-server. */
  TROUPE_STATE_DIR: pathOf('a folder').optional(),
  CHROMA_PERSIST_DIR: pathOf('a folder').default('./.chroma-workflow'),
};
export const readStackConfig = () => readSettings(stackSettings, environment());
export type StackConfig = ReturnType<typeof readStackConfig>;

const keySettings = {
  OPENAI_API_KEY: secret(),
  OPENAI_API_KEY_FILE: secretFile(),
  OPENAI_API_KEYS: secretList(),
  OPENAI_API_KEYS_FILE: secretFile(),
  ANTHROPIC_API_KEY: secret(),
  ANTHROPIC_API_KEY_FILE: secretFile(),
  ANTHROPIC_API_KEYS: secretList(),
  ANTHROPIC_API_KEYS_FILE: secretFile(),
};
export const settings = { ...clientSettings, ...stackSettings, ...keySettings };

/** The names of the keys that are set here and can be read. Throws StartupError `invalid_configuration`. */
export function providerKeysSet(): string[] {
  const { OPENAI_API_KEY, OPENAI_API_KEYS, ANTHROPIC_API_KEY, ANTHROPIC_API_KEYS } = readSettings(
    keySettings,
    environment(),
  );
  const keys = { OPENAI_API_KEY, OPENAI_API_KEYS, ANTHROPIC_API_KEY, ANTHROPIC_API_KEYS };
  return Object.entries(keys).flatMap(([name, key]) => (key ? [name] : []));
}

/** Whether a real provider can be asked. Throws the same. */
export const hasProviderKey = (): boolean => providerKeysSet().length > 0;

/** The environment that components are looked for and started in: they need no key. */
export const componentEnvironment = (): Environment =>
  Object.fromEntries(
    Object.entries(environment()).filter(([name]) => !ONLY_GATEWAY.test(name) && !ONLY_MEMORY.test(name)),
  );

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
const ONLY_MEMORY = /^AGENT_MEMORY_KEY/;

/** What a service is given of our environment: the common part and our own settings; provider keys only to the gateway, memory's only to it. */
export function environmentFor(service: string): Record<string, string> {
  const given = Object.entries(environment()).filter(
    ([name]) =>
      COMMON.includes(name) ||
      (/^(AGENT_|FF_|OTEL_)/.test(name) && (service === 'memory' || !ONLY_MEMORY.test(name))) ||
      (service === 'llm-gateway' && ONLY_GATEWAY.test(name)),
  );
  return Object.fromEntries(given.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}

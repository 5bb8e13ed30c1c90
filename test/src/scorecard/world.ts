// Where one scenario happens, undisturbed by the others: a provisioned nats-server, gateways, a caller, and two providers of which the
// gateways ask the primary first. The dialect is the primary's; the fallback speaks the other provider's.
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LedgerRecord as Record } from '@troupe/contracts';
import { LedgerRecord } from '@troupe/contracts';
import type { Kernel } from '@troupe/shared';
import { LEDGER_STREAM } from '@troupe/shared';
import type { SimulatedCall, Simulator } from '../../../services/llm-gateway/src/test-support/simulator.ts';
import type { TestServer } from '../support/server.ts';
import { startTestServer } from '../support/server.ts';
import type { Caller } from './caller.ts';
import { createCaller } from './caller.ts';
import type { Gateway } from './gateway.ts';
import { startGateway } from './gateway.ts';

export type Dialect = 'responses' | 'messages' | 'chat';

export interface Side {
  readonly provider: 'openai' | 'anthropic';
  readonly endpoint: 'responses' | 'chat' | 'messages';
  readonly model: string;
  /** The setting that lists its keys. */
  readonly keysVariable: string;
  readonly simulator: Simulator;
  /** The next call is treated like this. */
  once(then: object, match?: object): Promise<void>;
  /** Every call is, until the script is cleared. */
  always(then: object, match?: object): Promise<void>;
  calls(): Promise<readonly SimulatedCall[]>;
}

export interface World extends Caller {
  readonly dialect: Dialect;
  readonly server: TestServer;
  /** For files of the scenario; it goes with the world. */
  readonly folder: string;
  readonly kernel: Kernel;
  readonly primary: Side;
  readonly fallback: Side;
  readonly gateways: readonly Gateway[];
  /** Milliseconds of the scenario's own time in the world's time. */
  ms(milliseconds: number): number;
  /** The same in seconds, as headers tell it. */
  seconds(seconds: number): string;
  /** One more, with the world's settings and these. */
  startGateway(env?: Readonly<globalThis.Record<string, string>>): Promise<Gateway>;
  ledger(): Promise<readonly Record[]>;
}

export interface Providers {
  readonly primary: Simulator;
  readonly fallback: Simulator;
}

export interface Setting {
  readonly dialect: Dialect;
  readonly providers: Providers;
  /** Of all time constants, here and in the gateways. */
  readonly scale: number;
  /** That run from the beginning. */
  readonly gateways: number;
  /** Theirs, beside the world's own. */
  readonly settings: ((world: World) => Readonly<globalThis.Record<string, string>>) | undefined;
}

/** For scenarios that are not about silence: a busy machine may be slow without anybody being at fault. */
export const PATIENT = { AGENT_LLM_TIMEOUT_SECONDS: '30' };

export const OPENAI_KEY = 'sk-scorecard-openai-0123456789';
export const ANTHROPIC_KEY = 'sk-ant-scorecard-9876543210';
const GPT = 'gpt-4.1-mini';
/** Neither of the two thinks before it speaks: of one that does, silence is no fault for a minute. */
const CLAUDE = 'claude-3-5-haiku';

/** Beyond the longest turn, and what a busy machine adds. */
const PATIENCE_MS = 130_000;
const PATIENCE_OF_THE_MACHINE_MS = 40_000;

/** As the simulator names a key. */
export const keyHash = (secret: string): string =>
  createHash('sha256').update(secret).digest('hex').slice(0, 12);

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export async function openWorld(setting: Setting): Promise<World & AsyncDisposable> {
  await using opened = new AsyncDisposableStack();
  const { dialect, scale, providers } = setting;
  await Promise.all([providers.primary.reset(), providers.fallback.reset()]);
  const folder = await mkdtemp(join(tmpdir(), 'troupe-scorecard-'));
  opened.defer(() => rm(folder, { recursive: true, force: true }));
  const server = opened.use(await startTestServer());
  const kernel = opened.use(await server.kernel('scorecard'));
  const ms = (milliseconds: number): number => Math.round(milliseconds * scale);
  const caller = opened.use(createCaller(kernel, ms(PATIENCE_MS) + PATIENCE_OF_THE_MACHINE_MS));
  const [primary, fallback] = sidesOf(dialect, providers);
  const gateways: Gateway[] = [];
  const processes = opened.use(new AsyncDisposableStack());
  const startOne = async (env: Readonly<globalThis.Record<string, string>> = {}): Promise<Gateway> => {
    const gateway = processes.use(
      await startGateway({
        ...settingsOf(server.nats.url, primary, fallback),
        TEST_TIME_FACTOR: String(scale),
        ...env,
      }),
    );
    gateways.push(gateway);
    return gateway;
  };
  const world: World = {
    ...caller,
    outcomes: caller.outcomes,
    ...{ dialect, server, folder, kernel, primary, fallback, gateways, ms },
    seconds: (seconds) => (seconds * scale).toFixed(3),
    startGateway: startOne,
    ledger: () => ledgerOf(kernel),
  };
  const env = setting.settings?.(world) ?? {};
  await Promise.all(Array.from({ length: setting.gateways }, () => startOne(env)));
  const owned = opened.move();
  return { ...world, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

function settingsOf(natsUrl: string, primary: Side, fallback: Side): globalThis.Record<string, string> {
  const [openai, anthropic] = primary.provider === 'openai' ? [primary, fallback] : [fallback, primary];
  return {
    NATS_URL: natsUrl,
    OPENAI_API_KEY: OPENAI_KEY,
    OPENAI_API: openai.endpoint === 'chat' ? 'chat' : 'responses',
    OPENAI_BASE_URL: `${openai.simulator.url}/v1`,
    ANTHROPIC_API_KEY: ANTHROPIC_KEY,
    ANTHROPIC_BASE_URL: anthropic.simulator.url,
    AGENT_PRIMARY_MODEL: primary.model,
    AGENT_FALLBACK_MODEL: fallback.model,
  };
}

function sidesOf(dialect: Dialect, providers: Providers): [Side, Side] {
  const { primary, fallback } = providers;
  const openai = (simulator: Simulator): Side =>
    sideOf({
      provider: 'openai',
      endpoint: dialect === 'chat' ? 'chat' : 'responses',
      model: GPT,
      keysVariable: 'OPENAI_API_KEYS',
      simulator,
    });
  const anthropic = (simulator: Simulator): Side =>
    sideOf({
      provider: 'anthropic',
      endpoint: 'messages',
      model: CLAUDE,
      keysVariable: 'ANTHROPIC_API_KEYS',
      simulator,
    });
  return dialect === 'messages'
    ? [anthropic(primary), openai(fallback)]
    : [openai(primary), anthropic(fallback)];
}

function sideOf(side: Pick<Side, 'provider' | 'endpoint' | 'model' | 'keysVariable' | 'simulator'>): Side {
  const { model, simulator } = side;
  return {
    ...side,
    once: (then, match = {}) => simulator.script({ match: { model, ...match }, then }),
    always: (then, match = {}) => simulator.script({ match: { model, ...match }, times: null, then }),
    calls: () => simulator.calls(),
  };
}

/** Everything in the books, in order. */
async function ledgerOf({ connection }: Kernel): Promise<readonly Record[]> {
  const manager = await connection.jetstreamManager();
  const { state } = await manager.streams.info(LEDGER_STREAM);
  if (state.messages === 0) return [];
  const consumer = await connection.jetstream().consumers.get(LEDGER_STREAM);
  const records: Record[] = [];
  for await (const message of await consumer.fetch({ max_messages: state.messages, expires: 5_000 }))
    records.push(LedgerRecord.parse(message.json()));
  return records;
}

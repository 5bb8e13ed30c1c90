// What the calls of one gateway share with each other, and through NATS with other gateways: circuits, keys, queues, accounts. Opened
// with the service and closed behind its last call; every change that an operator may want to know of is counted and logged.
import { randomUUID } from 'node:crypto';
import type { GatewayMetrics, Kernel } from '@troupe/shared';
import { CIRCUITS_BUCKET, openEntries } from '@troupe/shared';
import type { Accounts } from './accounting/accounts.ts';
import { inputTokensOf } from './accounting/estimate.ts';
import { openAccounts } from './accounting/open-accounts.ts';
import { readPrices } from './accounting/price-file.ts';
import type { Circuits } from './circuit/circuit.ts';
import { CIRCUIT_RULES, createCircuits, READ_CIRCUITS_EVERY_MS } from './circuit/circuits.ts';
import type { GatewayConfig } from './config.ts';
import type { GatewayParts } from './gateway.ts';
import type { KeySettings, OpenKeys } from './keys/open-keys.ts';
import { openKeys } from './keys/open-keys.ts';
import { KEY_RULES } from './keys/pool.ts';
import { createAdmission } from './load/queue.ts';
import { createOutputRules } from './output/check.ts';
import type { ProviderName } from './rules/models.ts';
import type { Times } from './rules/times.ts';

export interface PartsOptions {
  readonly kernel: Kernel;
  readonly config: GatewayConfig;
  readonly metrics: GatewayMetrics;
  readonly times: Times;
}

const CLOCKS = { wallNow: Date.now, now: () => performance.now(), random: Math.random };

/** Throws StartupError where the prices cannot be read. */
export function openParts(options: PartsOptions): GatewayParts & AsyncDisposable {
  const { config, metrics } = options;
  // In the ledger and among those who share a circuit.
  const instance = randomUUID();
  const accounts = accountsOf(options, instance);
  const circuits = circuitsOf(options, instance);
  const openai = keysOf('openai', options);
  const anthropic = keysOf('anthropic', options);
  return {
    circuits,
    accounts,
    keys: { openai: openai.pool, anthropic: anthropic.pool },
    admission: createAdmission({
      cap: config.AGENT_LLM_CONCURRENCY,
      now: CLOCKS.now,
      onWait: (ms) => metrics.queueWait(ms / 1_000),
      onShed: (reason) => metrics.shed(reason),
    }),
    output: createOutputRules(),
    inputTokens: inputTokensOf,
    async [Symbol.asyncDispose]() {
      for (const opened of [circuits, openai, anthropic]) opened[Symbol.dispose]();
      await accounts[Symbol.asyncDispose]();
    },
  };
}

function accountsOf({ kernel, config, metrics }: PartsOptions, gateway: string): Accounts & AsyncDisposable {
  const { logger } = kernel;
  return openAccounts(kernel, {
    prices: readPrices(config.AGENT_PRICES_FILE),
    limits: {
      workflow: config.AGENT_BUDGET_WORKFLOW_USD,
      userDay: config.AGENT_BUDGET_USER_DAY_USD,
      day: config.AGENT_BUDGET_DAY_USD,
    },
    gateway,
    now: CLOCKS.wallNow,
    newId: randomUUID,
    random: CLOCKS.random,
    observer: {
      onPriceMissing: ({ provider, model }) => metrics.priceMissing(provider, model),
      onBudgetRefused: (scope) => metrics.budgetRefused(scope),
      onSuspectedDuplicate(call) {
        metrics.suspectedDuplicate();
        logger.warn(
          call,
          'a process ended in the middle of a provider call, which may have been paid for in vain',
        );
      },
      onInconsistentUsage: (target) => logger.warn(target, 'the provider reported usage that cannot be'),
      onRecordLate: (call) => logger.warn(call, 'the end of a provider call is not on record yet'),
      onRecordLost: ({ user, workflow, request }, err) =>
        logger.error({ user, workflow, request, err }, 'the end of a provider call is not on record'),
    },
  });
}

function circuitsOf({ kernel, metrics, times }: PartsOptions, instance: string): Circuits & Disposable {
  const { connection, publisher, logger } = kernel;
  const { opening, claimWithinMs } = CIRCUIT_RULES;
  return createCircuits({
    ...CLOCKS,
    rules: {
      claimWithinMs,
      opening: { ...opening, share: { ...opening.share, withinMs: times.circuitWindow } },
      openForMs: times.circuitOpen,
      leaseMs: times.probeLease,
      askAgainMs: times.probeAskAgain,
    },
    fleet: openEntries(connection, publisher, CIRCUITS_BUCKET),
    instance,
    readEveryMs: READ_CIRCUITS_EVERY_MS,
    onChange(target, circuit) {
      metrics.circuit(target, circuit);
      logger.warn({ target, circuit }, 'circuit breaker');
    },
  });
}

function keysOf(provider: ProviderName, { kernel, config, metrics, times }: PartsOptions): OpenKeys {
  const { logger } = kernel;
  const keys = openKeys({
    ...CLOCKS,
    settings: keySettings(config)[provider],
    rules: {
      ...KEY_RULES,
      throttledForMs: times.keyThrottled,
      exhaustedForMs: times.keyExhausted,
      maskedForMs: times.keyMasked,
      retrialMs: times.keyRetrial,
    },
    readEveryMs: times.keyFiles,
    onChange: (change) => logger.warn({ provider, ...change }, 'provider key'),
    onProblem: (problem) => logger.warn({ provider, ...problem }, 'file of keys: the former ones are kept'),
  });
  metrics.followKeys(() => keys.pool.states().map(({ id, state }) => ({ provider, keyId: id, state })));
  return keys;
}

const keySettings = (config: GatewayConfig): Readonly<Record<ProviderName, KeySettings>> => ({
  openai: {
    key: config.OPENAI_API_KEY,
    keyFile: config.OPENAI_API_KEY_FILE,
    keys: config.OPENAI_API_KEYS,
    keysFile: config.OPENAI_API_KEYS_FILE,
  },
  anthropic: {
    key: config.ANTHROPIC_API_KEY,
    keyFile: config.ANTHROPIC_API_KEY_FILE,
    keys: config.ANTHROPIC_API_KEYS,
    keysFile: config.ANTHROPIC_API_KEYS_FILE,
  },
});

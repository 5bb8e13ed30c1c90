// What a gateway shares with others, as far as a test of the gateway alone needs it: circuits that no other gateway knows of, its keys,
// its rules for answers; no queue, no ledger.
import type { Accounts } from '../accounting/accounts.ts';
import { createCircuits, CIRCUIT_RULES } from '../circuit/circuits.ts';
import type { GatewayConfig } from '../config.ts';
import type { GatewayParts } from '../gateway.ts';
import { KEY_RULES, KeyPool } from '../keys/pool.ts';
import { ProviderKey } from '../keys/provider-key.ts';
import { createOutputRules } from '../output/check.ts';
import type { Times } from '../rules/times.ts';

export interface TestPartsOptions {
  readonly config: GatewayConfig;
  readonly times: Times;
  readonly onCircuit?: (target: string, state: string) => void;
}

export const testParts = ({ config, times, onCircuit }: TestPartsOptions): GatewayParts => ({
  circuits: createCircuits({
    rules: { ...CIRCUIT_RULES, openForMs: times.circuitOpen, askAgainMs: times.probeAskAgain },
    fleet: {
      read: () => Promise.resolve(new Map()),
      put: () => Promise.resolve({ kind: 'stored', seq: 0 }),
      erase: () => Promise.resolve(0),
      onChange: () => ({ [Symbol.dispose]: () => undefined }),
    },
    instance: 'test',
    now: () => performance.now(),
    wallNow: Date.now,
    random: () => 0.5,
    onChange: onCircuit ?? (() => undefined),
    readEveryMs: 60_000,
  }),
  keys: {
    openai: pool(times, config.OPENAI_API_KEYS ?? [new ProviderKey(config.OPENAI_API_KEY ?? 'none')]),
    anthropic: pool(
      times,
      config.ANTHROPIC_API_KEYS ?? [new ProviderKey(config.ANTHROPIC_API_KEY ?? 'none')],
    ),
  },
  admission: {
    enter: (_target, { signal }) => {
      signal.throwIfAborted();
      return Promise.resolve({ kind: 'admitted', turn: { done: () => undefined } });
    },
  },
  accounts: free,
  output: createOutputRules(),
  inputTokens: () => 100,
});

const pool = (times: Times, keys: readonly ProviderKey[]): KeyPool =>
  new KeyPool(keys, {
    rules: { ...KEY_RULES, throttledForMs: times.keyThrottled },
    now: () => performance.now(),
    wallNow: Date.now,
    onChange: () => undefined,
  });

/** Nothing is written down, and everything costs a nano-dollar for each token. */
export const free: Accounts = {
  open: () =>
    Promise.resolve({
      kind: 'opened',
      earlier: undefined,
      attempt: {
        end: (end) => {
          const usage = end.kind === 'answered' ? end.usage : { input_tokens: 0, output_tokens: 0 };
          const costNanoUsd = usage.input_tokens + usage.output_tokens;
          return Promise.resolve({ usage, estimated: end.kind !== 'answered', costNanoUsd });
        },
      },
    }),
  earlier: () => Promise.resolve({ attempts: 0, costNanoUsd: 0 }),
};

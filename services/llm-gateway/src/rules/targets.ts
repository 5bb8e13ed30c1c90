// Which models are asked, in which order, given the names that are configured and the keys that are there. Pure.
import type { ProviderName } from './models.ts';
import { providerOf } from './models.ts';

export interface Target {
  readonly provider: ProviderName;
  readonly model: string;
}

export interface TargetSettings {
  readonly primary: string;
  readonly fallback: string;
  readonly fallbackEnabled: boolean;
  readonly hasKey: Readonly<Record<ProviderName, boolean>>;
}

export interface TargetPlan {
  /** In the order in which they are asked; empty if there is no key at all. */
  readonly chain: readonly Target[];
  /** Configured, but without a key. */
  readonly skipped: readonly Target[];
  /** None of the configured models has a key: the chain is the default model of a provider that has one. */
  readonly substituted: boolean;
}

const DEFAULT_MODEL: Readonly<Record<ProviderName, string>> = {
  openai: 'gpt-4.1-mini',
  anthropic: 'claude-haiku-5-5',
};

export function planTargets({ primary, fallback, fallbackEnabled, hasKey }: TargetSettings): TargetPlan {
  const models = new Set(fallbackEnabled ? [primary, fallback] : [primary]);
  const configured = [...models].map((model) => ({ provider: providerOf(model), model }));
  const chain = configured.filter(({ provider }) => hasKey[provider]);
  const skipped = configured.filter(({ provider }) => !hasKey[provider]);
  if (chain.length > 0) return { chain, skipped, substituted: false };
  const provider = (['openai', 'anthropic'] as const).find((name) => hasKey[name]);
  if (provider === undefined) return { chain, skipped, substituted: false };
  return { chain: [{ provider, model: DEFAULT_MODEL[provider] }], skipped, substituted: true };
}

export const targetName = ({ provider, model }: Target): string => `${provider}/${model}`;

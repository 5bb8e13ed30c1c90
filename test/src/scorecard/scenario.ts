// What a scenario is, and how what was seen becomes a verdict. A scenario breaks a provider in one documented way and is judged by
// both sides: what the caller got, and what the provider saw.
import type { Dialect, World } from './world.ts';

/**
 * pass: the best that the fault allows, and clean conduct towards the provider. partial: the caller was served, the conduct was not
 * clean. safe: a clean error where an answer was possible. fail: a hang, a truncated or wrong answer. left_out: by decision.
 */
export type Verdict = 'pass' | 'partial' | 'safe' | 'fail' | 'left_out';

export interface Judgement {
  readonly verdict: Verdict;
  /** What the caller got, in words. */
  readonly caller: string;
  /** What the provider saw, in words. */
  readonly provider: string;
}

export interface Scenario {
  readonly id: string;
  readonly title: string;
  readonly dialects: readonly Dialect[];
  /** Dialects that do not have the fault, and what stands for it there. */
  readonly nearest?: Partial<Record<Dialect, string>>;
  /** Gateways that run from the beginning. Default: one. */
  readonly gateways?: number;
  /** Their settings beside the world's own. */
  readonly settings?: (world: World) => Readonly<Record<string, string>>;
  readonly run: (world: World) => Promise<Judgement>;
}

export interface Result extends Judgement {
  readonly scenario: string;
  readonly title: string;
  readonly dialect: Dialect;
  /** Printed, never judged. */
  readonly ms: number;
}

export interface Evidence {
  readonly caller: string;
  readonly provider: string;
  /** as_due: the best that the fault allows. */
  readonly served: 'as_due' | 'clean_error' | 'wrong';
  /** What clean conduct means here, and whether it was kept. */
  readonly conduct: Readonly<Record<string, boolean>>;
}

export function judge({ caller, provider, served, conduct }: Evidence): Judgement {
  const broken = Object.entries(conduct).flatMap(([rule, kept]) => (kept ? [] : [rule]));
  const seen = broken.length === 0 ? provider : `${provider}; NOT: ${broken.join(', ')}`;
  switch (served) {
    case 'as_due':
      return { verdict: broken.length === 0 ? 'pass' : 'partial', caller, provider: seen };
    case 'clean_error':
      return { verdict: 'safe', caller, provider: seen };
    case 'wrong':
      return { verdict: 'fail', caller, provider: seen };
  }
}

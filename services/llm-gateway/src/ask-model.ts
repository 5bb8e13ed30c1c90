// One attempt at a model turn: on record before it is sent and after it came back, watched by its timers, and told of.
import type { Failure } from '@troupe/contracts';
import type { Logger } from '@troupe/shared';
import type { Accounts, AttemptEnd, Charge } from './accounting/accounts.ts';
import type { Attempt, AttemptLimits } from './attempt.ts';
import { attempt } from './attempt.ts';
import type { AttemptKind, CallIdentity } from './call-identity.ts';
import type { Asked } from './call-target.ts';
import type { Droppable, ModelAnswer, ModelRequest, Provider } from './generation.ts';
import type { KeyInUse } from './keys/keys.ts';
import type { Observers } from './observe-call.ts';
import { observeAttempt } from './observe-call.ts';
import { classify } from './rules/classify.ts';
import type { Deadline } from './rules/deadline.ts';
import type { Target } from './rules/targets.ts';

/** Where an answer is shown while it comes. What was begun anew is shown anew. */
export interface LiveSink {
  begin(): void;
  text(delta: string): void;
}

/** A call that is being answered, over all its attempts. */
export interface CallInHand {
  readonly identity: CallIdentity;
  readonly deadline: Deadline;
  readonly signal: AbortSignal;
  readonly logger: Logger;
  readonly live: LiveSink;
  readonly spent: Spent;
}

/** What a call has taken so far. */
export class Spent {
  attempts = 0;
  /** Walks to another key, of those: they do not count against the cap. */
  walks = 0;
  /** Null once an attempt had no price. */
  costNanoUsd: number | null = 0;
  providerMs = 0;

  charge({ costNanoUsd }: Charge): void {
    this.costNanoUsd =
      this.costNanoUsd === null || costNanoUsd === null ? null : this.costNanoUsd + costNanoUsd;
  }
}

/** Why nothing was sent. */
export type NotSent =
  | { readonly kind: 'budget'; readonly error: Failure; readonly retryAfterMs: number | undefined }
  | { readonly kind: 'no_time' };

export interface ModelAttempt {
  readonly target: Target;
  readonly client: Provider;
  readonly request: ModelRequest;
  readonly key: KeyInUse;
  readonly kind: AttemptKind;
  readonly without: ReadonlySet<Droppable>;
  /** Undefined: too little time is left to be of use. */
  readonly limits: AttemptLimits | undefined;
}

export interface AskModelOptions {
  readonly accounts: Accounts;
  readonly observers: Observers;
}

/** Rejects where the attempt cannot be put on record. */
export async function askModel(
  { target, client, request, key, kind, without, limits }: ModelAttempt,
  call: CallInHand,
  { accounts, observers }: AskModelOptions,
): Promise<Asked<ModelAnswer, NotSent>> {
  const { identity, deadline, live, signal, spent } = call;
  if (limits === undefined) return { kind: 'refused', refusal: { kind: 'no_time' } };
  const plan = { call: identity, target, keyId: key.id, kind, request, leftMs: deadline.leftMs };
  const opened = await accounts.open(plan);
  if (opened.kind === 'refused') return { kind: 'refused', refusal: { ...opened, kind: 'budget' } };
  spent.attempts += 1;
  if (kind === 'rotate') spent.walks += 1;
  const about = { target, request, kind, keyId: key.id, attempt: spent.attempts };
  return observeAttempt(observers, about, async (tell) => {
    live.begin();
    const startedAt = performance.now();
    const result = await attempt(
      (progress) => client.generate({ model: target.model, key: key.secret, request, without, progress }),
      { limits, signal, onText: (delta) => live.text(delta) },
    );
    const tookMs = performance.now() - startedAt;
    spent.providerMs += tookMs;
    tell.ended(result, tookMs / 1_000);
    const charge = await opened.attempt.end(endOf(result));
    spent.charge(charge);
    tell.charged(charge);
    return result;
  });
}

function endOf(result: Attempt<ModelAnswer>): AttemptEnd {
  switch (result.kind) {
    case 'answered': {
      const { usage, usageReported } = result.value;
      return { kind: 'answered', usage, estimated: usageReported === false };
    }
    case 'failed':
      return {
        kind: 'failed',
        fault: classify(result.fault),
        used: result.used,
        received: result.received,
      };
    case 'abandoned':
      return result;
  }
}

// One attempt at a model turn: on record before it is sent and after it came back, watched by its timers, and told of.
import type { Failure } from '@troupe/contracts';
import type { Logger } from '@troupe/shared';
import type { Accounts, AttemptEnd, Charge, Earlier } from './accounting/accounts.ts';
import { plus } from './accounting/ending.ts';
import type { Attempt, AttemptLimits } from './attempt.ts';
import { attempt } from './attempt.ts';
import type { AttemptKind, CallIdentity } from './call-identity.ts';
import type { Asked } from './call-target.ts';
import type { Droppable, ModelAnswer, ModelRequest, Provider } from './generation.ts';
import type { KeyInUse } from './keys/keys.ts';
import type { Observers, Tell } from './observe-call.ts';
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

/** What a call has taken so far, in this handling of its request. */
export class Spent {
  attempts = 0;
  /** Of those, the ones that a key which cannot be used has cost: they do not count against the cap. */
  walks = 0;
  /** Null once an attempt had no price. */
  costNanoUsd: number | null = 0;
  providerMs = 0;
  /** What others took who handled the same request. */
  earlier: Earlier = { attempts: 0, costNanoUsd: 0 };

  charge({ costNanoUsd }: Charge): void {
    this.costNanoUsd = plus(this.costNanoUsd, costNanoUsd);
  }
}

/** All that the request took, by whomever it was handled. Whoever asked nobody has not been told of the others yet. */
export async function tookInAll(
  { spent, identity, logger }: CallInHand,
  accounts: Accounts,
): Promise<Earlier> {
  if (spent.attempts === 0)
    spent.earlier = await accounts.earlier(identity).catch((err: unknown) => {
      logger.warn({ err }, 'what the request has cost before is not known');
      return { attempts: 0, costNanoUsd: null };
    });
  const { attempts, costNanoUsd, earlier } = spent;
  return { attempts: attempts + earlier.attempts, costNanoUsd: plus(costNanoUsd, earlier.costNanoUsd) };
}

/** Why nothing was sent. */
export type NotSent =
  | { readonly kind: 'budget'; readonly error: Failure; readonly retryAfterMs: number | undefined }
  | { readonly kind: 'price_unknown' }
  | { readonly kind: 'no_time' };

export interface ModelAttempt {
  readonly target: Target;
  readonly client: Provider;
  readonly request: ModelRequest;
  readonly key: KeyInUse;
  readonly kind: AttemptKind;
  readonly without: ReadonlySet<Droppable>;
  /** As they are now; undefined: too little time is left to be of use. */
  readonly limits: () => AttemptLimits | undefined;
}

export interface AskModelOptions {
  readonly accounts: Accounts;
  readonly observers: Observers;
}

/** Rejects where the attempt cannot be put on record, or with the signal's reason where it aborts before anything was sent. */
export async function askModel(
  asked: ModelAttempt,
  call: CallInHand,
  { accounts, observers }: AskModelOptions,
): Promise<Asked<ModelAnswer, NotSent>> {
  const { target, request, key, kind } = asked;
  const { identity, deadline, signal, spent } = call;
  if (asked.limits() === undefined) return { kind: 'refused', refusal: { kind: 'no_time' } };
  const plan = { call: identity, target, keyId: key.id, kind, request, leftMs: deadline.leftMs };
  const opened = await accounts.open(plan);
  if (opened.kind === 'refused') return { kind: 'refused', refusal: { ...opened, kind: 'budget' } };
  if (opened.kind === 'price_unknown') return { kind: 'refused', refusal: opened };
  spent.earlier = opened.earlier ?? spent.earlier;
  // The books may have taken their time.
  const limits = asked.limits();
  if (limits === undefined || signal.aborted) {
    await opened.attempt.end({ kind: 'not_sent' });
    signal.throwIfAborted();
    return { kind: 'refused', refusal: { kind: 'no_time' } };
  }
  spent.attempts += 1;
  const about = { target, request, kind, keyId: key.id, attempt: spent.attempts };
  return observeAttempt(observers, about, async (tell) => {
    let end: AttemptEnd = UNKNOWN;
    let charge: Charge;
    let result: Attempt<ModelAnswer>;
    try {
      result = await send(asked, limits, call, tell);
      end = endOf(result);
    } finally {
      charge = await opened.attempt.end(end);
      spent.charge(charge);
      tell.charged(charge);
    }
    // As it stands in the books.
    return result.kind === 'answered'
      ? { ...result, value: { ...result.value, usage: charge.usage } }
      : result;
  });
}

/** Of an attempt that a bug of ours has ended: the provider may be at work. */
const UNKNOWN: AttemptEnd = { kind: 'abandoned', used: {}, received: 0 };

async function send(
  { target, client, request, key, without }: ModelAttempt,
  limits: AttemptLimits,
  { live, signal, spent }: CallInHand,
  tell: Tell,
): Promise<Attempt<ModelAnswer>> {
  live.begin();
  const startedAt = performance.now();
  const result = await attempt(
    (progress) => client.generate({ model: target.model, key: key.secret, request, without, progress }),
    { limits, signal, onText: (delta) => live.text(delta) },
  );
  const tookMs = performance.now() - startedAt;
  spent.providerMs += tookMs;
  tell.ended(result, tookMs / 1_000);
  return result;
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

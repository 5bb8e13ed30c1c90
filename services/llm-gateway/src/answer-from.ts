// A right and whole answer from one target: what it answers is checked, and it is asked once to correct what is wrong and once for
// more room where the answer ran into its bound. What becomes of a fault is decided below (call-target.ts), which target comes next above
// (ask-chain.ts).
import { RetryableError } from '@troupe/shared';
import type { AskModelOptions, CallInHand, NotSent } from './ask-model.ts';
import { askModel } from './ask-model.ts';
import type { AttemptLimits } from './attempt.ts';
import type { AttemptKind } from './call-identity.ts';
import type { CallRules, Course, TargetCall } from './call-target.ts';
import { callTarget, newCourse } from './call-target.ts';
import type { Circuit } from './circuit/circuit.ts';
import type { Droppable, ModelAnswer, ModelRequest, Provider } from './generation.ts';
import type { Keys } from './keys/keys.ts';
import type { Admission } from './load/admission.ts';
import type { OutputRules } from './output/check.ts';
import type { Verdict } from './rules/classify.ts';
import { VERDICTS } from './rules/classify.ts';
import { attemptBudget, longestWait } from './rules/deadline.ts';
import type { TargetFailure } from './rules/failure.ts';
import type { ProviderFault } from './rules/fault.ts';
import { afterAnswer, isFreeWalk } from './rules/next-step.ts';
import type { RetryBudget } from './rules/retry-budget.ts';
import type { Target } from './rules/targets.ts';
import { targetName } from './rules/targets.ts';
import type { Times } from './rules/times.ts';
import type { Fitted } from './rules/window.ts';

/** Provider calls of one call, walks from keys that cannot be used apart. */
const MAX_ATTEMPTS = 8;

export interface ReadyTarget extends Target {
  readonly client: Provider;
  readonly circuit: Circuit;
  readonly keys: Keys;
  readonly retries: RetryBudget;
  readonly limits: Omit<AttemptLimits, 'total'>;
  /** Undefined where the model is not known. */
  readonly contextTokens: number | undefined;
  readonly maxOutputTokens: number | undefined;
}

export interface Engine extends AskModelOptions {
  readonly rules: CallRules;
  readonly times: Times;
  readonly admission: Admission;
  readonly output: OutputRules;
  /** What a request is expected to use, input and output. */
  readonly tokensOf: (request: ModelRequest) => number;
  /** The request as it fits into the target's context; undefined where it does not, whatever is left out. */
  readonly fit: (request: ModelRequest, target: ReadyTarget) => Fitted | undefined;
  /** What the request can do without, where that is all that the target had against it. */
  readonly droppable: (fault: ProviderFault) => Droppable | undefined;
}

export interface Question {
  readonly target: ReadyTarget;
  /** Whole, and as the target is asked. */
  readonly request: ModelRequest;
  readonly fitted: Fitted;
  readonly kind: AttemptKind;
  /** Targets that could still be asked after this one. */
  readonly behind: number;
}

export type TargetEnd =
  | { readonly kind: 'delivered'; readonly answer: ModelAnswer; readonly leftOut: Fitted['leftOut'] }
  | {
      readonly kind: 'left';
      readonly failure: TargetFailure;
      readonly fallback: Verdict['fallback'];
    }
  /** The caller's budget does not allow it. */
  | Extract<NotSent, { kind: 'budget' }>;

/** Rejects with the signal's reason when it aborts, or where an attempt cannot be put on record. */
export async function answerFrom(question: Question, call: CallInHand, engine: Engine): Promise<TargetEnd> {
  const { target, behind } = question;
  const course = newCourse();
  const without = new Set<Droppable>();
  let { fitted, kind } = question;
  let { request } = fitted;
  let truncated: ModelAnswer | undefined;
  let repaired = false;
  for (;;) {
    const called = await callTarget(
      targetCall({ ...question, request, kind }, { course, without }, call, engine),
      engine.rules,
    ).catch((error: unknown): NotAnswered => {
      if (truncated === undefined || !(error instanceof RetryableError)) throw error;
      call.logger.warn({ err: error }, 'an answer is delivered as it is, though a longer one was wanted');
      return { kind: 'refused', refusal: { kind: 'no_time' } };
    });
    if (called.kind !== 'answered') {
      // The longer answer did not come; the shorter one is here.
      if (truncated !== undefined) return { kind: 'delivered', answer: truncated, leftOut: fitted.leftOut };
      return left(target, course, called);
    }
    const answer = engine.output.bare(called.value, question.request);
    const problems = engine.output.problemsIn(answer, question.request);
    const maxTokens = Math.min(2 * request.maxTokens, target.maxOutputTokens ?? Infinity);
    const mayAskAgain =
      attemptsLeft(call, behind) > 0 && attemptBudget(split(call, behind, engine)) !== undefined;
    const step = afterAnswer({
      finish: answer.finish,
      hasProblems: problems.length > 0,
      repaired,
      raised: truncated !== undefined,
      canRaise: maxTokens > request.maxTokens,
      mayAskAgain,
    });
    kind = 'repair';
    switch (step) {
      case 'deliver':
        return { kind: 'delivered', answer, leftOut: fitted.leftOut };
      case 'raise_limit':
        truncated = answer;
        request = { ...request, maxTokens };
        break;
      case 'repair': {
        repaired = true;
        const asked = { ...question.request, maxTokens: request.maxTokens };
        const repair = engine.fit(engine.output.repairOf(asked, answer, problems), target);
        if (repair === undefined) return violation(target, course);
        fitted = repair;
        request = repair.request;
        break;
      }
      case 'leave_target':
        return violation(target, course);
    }
  }
}

const split = ({ deadline }: CallInHand, behind: number, { times }: Engine) => ({
  leftMs: deadline.leftMs,
  behind,
  minUsefulMs: times.minUseful,
});

/** Attempts that the call may still make at a target; one is kept for each target behind it. */
export const attemptsLeft = ({ spent }: CallInHand, behind: number): number =>
  MAX_ATTEMPTS - behind - (spent.attempts - spent.walks);

function targetCall(
  { target, request, kind, behind }: Omit<Question, 'fitted'>,
  { course, without }: { course: Course; without: Set<Droppable> },
  call: CallInHand,
  engine: Engine,
): TargetCall<ModelAnswer, NotSent> {
  const { identity, signal, logger, spent } = call;
  const name = targetName(target);
  const budget = (): number | undefined => attemptBudget(split(call, behind, engine));
  return {
    circuit: target.circuit,
    keys: target.keys,
    retries: target.retries,
    isLastWay: behind === 0,
    model: target.model,
    affinity: identity.workflow,
    course,
    kind,
    signal,
    enter: () =>
      engine.admission.enter(name, {
        user: identity.user,
        tokens: engine.tokensOf(request),
        leftMs: budget() ?? 0,
        signal,
      }),
    ask: (key, attemptKind) => {
      if (course.attempts === 0) target.retries.requested();
      const limits = (): AttemptLimits | undefined => {
        const total = budget();
        return total === undefined ? undefined : { ...target.limits, total };
      };
      const { client } = target;
      return askModel({ target, client, request, key, kind: attemptKind, without, limits }, call, engine);
    },
    usedTokens: ({ usage }) => usage.input_tokens + usage.output_tokens,
    longestWaitMs: () => longestWait(split(call, behind, engine)),
    mayAsk: () => attemptsLeft(call, behind) > 0,
    adapt: (fault) => {
      const part = engine.droppable(fault);
      if (part === undefined || without.has(part)) return false;
      without.add(part);
      return true;
    },
    onFailure(failed) {
      if (failed.next === 'other_key' && isFreeWalk(VERDICTS[failed.reason])) spent.walks += 1;
      logger.warn({ target: name, ...failed }, 'provider call failed');
    },
  };
}

type NotAnswered = Exclude<
  Awaited<ReturnType<typeof callTarget<ModelAnswer, NotSent>>>,
  { kind: 'answered' }
>;

function left(target: Target, { first, attempts }: Course, called: NotAnswered): TargetEnd {
  const named = { target: targetName(target), status: first?.status, attempts };
  switch (called.kind) {
    case 'failed': {
      const { fallback } = VERDICTS[called.reason];
      // What was the caller's fault decided, whatever came before it.
      const { reason, status } = fallback === 'any' ? (first ?? called) : called;
      const { retryAfterMs } = called;
      return { kind: 'left', failure: { ...named, reason, status, retryAfterMs }, fallback };
    }
    case 'skipped': {
      const { why, retryAfterMs } = called;
      return {
        kind: 'left',
        failure: { ...named, reason: first?.reason ?? why, retryAfterMs },
        fallback: 'any',
      };
    }
    case 'refused': {
      if (called.refusal.kind === 'budget') return called.refusal;
      const reason = first?.reason ?? called.refusal.kind;
      return { kind: 'left', failure: { ...named, reason, retryAfterMs: undefined }, fallback: 'any' };
    }
  }
}

const violation = (target: Target, { attempts }: Course): TargetEnd => ({
  kind: 'left',
  failure: {
    target: targetName(target),
    reason: 'schema_violation',
    status: undefined,
    attempts,
    retryAfterMs: undefined,
  },
  fallback: 'any',
});

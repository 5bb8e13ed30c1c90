// One round through the chain of targets: each is asked once everything before it is known to be of no use, until one answers. What a
// round finds out for good holds for the rounds behind it; whether there is another one is decided above (complete.ts).
import type { Engine, Question, ReadyTarget, TargetEnd } from './answer-from.ts';
import { answerFrom } from './answer-from.ts';
import type { CallInHand } from './ask-model.ts';
import type { ModelAnswer, ModelRequest } from './generation.ts';
import { attemptBudget } from './rules/deadline.ts';
import type { TargetFailure } from './rules/failure.ts';
import type { Target } from './rules/targets.ts';
import { targetName } from './rules/targets.ts';

/** Parts of the conversation that a model was not shown, since they did not fit. */
export interface LeftOut {
  readonly tool_results: number;
  readonly characters: number;
}

export interface ChainOptions extends Engine {
  readonly chain: readonly ReadyTarget[];
}

/** What the rounds of one call have found out so far. */
export interface Findings {
  /** The first failure of each target: later ones may only be its consequences. */
  readonly told: Map<ReadyTarget, TargetFailure>;
  /** Targets whose answer would be as wrong again. */
  readonly forGood: Set<ReadyTarget>;
  /** Only a target with a larger context than this may be asked; 0: any. */
  tooSmall: number;
}

export const nothingFound = (): Findings => ({ told: new Map(), forGood: new Set(), tooSmall: 0 });

/** Whether asking the target could bring anything else than is known. */
export const mayAsk = (target: ReadyTarget, { forGood, tooSmall }: Findings): boolean =>
  !forGood.has(target) && (tooSmall === 0 || (target.contextTokens ?? 0) > tooSmall);

export type Round =
  | {
      readonly kind: 'delivered';
      readonly answer: ModelAnswer;
      readonly target: Target;
      readonly leftOut: LeftOut | undefined;
    }
  | Extract<TargetEnd, { kind: 'budget' }>
  | {
      readonly kind: 'failed';
      readonly failures: ReadonlyMap<ReadyTarget, TargetFailure>;
      /** It was the caller's fault: no other round would end otherwise. */
      readonly isLast: boolean;
    };

/** Adds to `findings`. Rejects as answerFrom does. */
export async function askChain(
  { request, findings }: { readonly request: ModelRequest; readonly findings: Findings },
  call: CallInHand,
  options: ChainOptions,
): Promise<Round> {
  const failures = new Map<ReadyTarget, TargetFailure>();
  for (const [index, target] of options.chain.entries()) {
    if (!mayAsk(target, findings)) continue;
    const fitted = options.fit(request, target);
    const end =
      fitted === undefined
        ? unasked(target, 'context_too_long')
        : await askTarget({ index, target, request, fitted }, call, options);
    switch (end.kind) {
      case 'delivered':
        return { ...end, target };
      case 'budget':
        return end;
      case 'left':
        failures.set(target, end.failure);
        if (!findings.told.get(target)?.attempts) findings.told.set(target, end.failure);
        if (end.failure.reason === 'schema_violation') findings.forGood.add(target);
        if (end.fallback === 'none') return { kind: 'failed', failures, isLast: true };
        // The context of a model that is not known is smaller than what it was sent.
        if (end.fallback === 'larger_context')
          findings.tooSmall = target.contextTokens ?? options.tokensOf(request);
    }
  }
  return { kind: 'failed', failures, isLast: false };
}

interface Position extends Pick<Question, 'target' | 'request' | 'fitted'> {
  readonly index: number;
}

function askTarget(
  { index, target, request, fitted }: Position,
  call: CallInHand,
  options: ChainOptions,
): TargetEnd | Promise<TargetEnd> {
  const behind = options.chain.length - index - 1;
  const { leftMs } = call.deadline;
  if (attemptBudget({ leftMs, behind, minUsefulMs: options.times.minUseful }) === undefined)
    return unasked(target, 'no_time');
  const kind = index === 0 ? 'first' : 'fallback';
  return answerFrom({ target, request, fitted, kind, behind }, call, options);
}

const unasked = (target: Target, reason: 'no_time' | 'context_too_long'): TargetEnd => ({
  kind: 'left',
  failure: { target: targetName(target), reason, status: undefined, attempts: 0, retryAfterMs: undefined },
  fallback: reason === 'no_time' ? 'any' : 'larger_context',
});

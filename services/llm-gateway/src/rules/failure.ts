// What is said when no target answered. Pure. Names targets and classes of faults, never what a provider wrote: that may
// quote the prompt or the key.
import type { Failure } from '@troupe/contracts';
import type { Skipped } from '../leave.ts';
import type { FaultClass } from './classify.ts';

export interface TargetFailure {
  readonly target: string;
  /** `schema_violation`: it answered, and not what was asked for. */
  readonly reason: FaultClass | Skipped['why'] | 'no_time' | 'price_unknown' | 'schema_violation';
  readonly status: number | undefined;
  readonly attempts: number;
  /** When asking it again makes sense, if it said so. */
  readonly retryAfterMs: number | undefined;
}

const UNAVAILABLE = {
  code: 'providers_unavailable',
  message: 'No provider gave a whole answer',
  hint: "Try again later. Check the keys, the providers' status pages and AGENT_FALLBACK_MODEL.",
};
const NO_KEY: Failure = {
  code: 'credentials_exhausted',
  message: 'No provider accepts any of its keys',
  hint: 'Replace the keys: OPENAI_API_KEYS, ANTHROPIC_API_KEYS, or the files that they are read from.',
};
const NO_TIME: Failure = {
  code: 'deadline_unreachable',
  message: 'There was no time left in which a provider could have answered',
  hint: 'Give the run a longer timeout.',
};

/** Where the reason is not simply that a provider was not available. */
const NAMED: Partial<Record<TargetFailure['reason'], Failure>> = {
  context_too_long: {
    code: 'context_too_long',
    message: "The conversation does not fit into the model's context",
    hint: 'Ask for less in one run, or use a model with a larger context (AGENT_PRIMARY_MODEL).',
  },
  content_filtered: {
    code: 'content_filtered',
    message: "The provider's content policy refused the request",
    hint: 'Rephrase the goal.',
  },
  request_rejected: {
    code: 'request_rejected',
    message: 'The provider rejected the request as invalid; another one would do the same',
    hint: "The gateway's log names the status. Check the tools' schemas, the output schema and AGENT_MAX_TOKENS.",
  },
  schema_violation: {
    code: 'schema_violation',
    message: 'The answer broke its schema, and was not corrected when asked for it',
    hint: "Simplify the output schema or the tools' schemas, or use a stronger model (AGENT_PRIMARY_MODEL).",
  },
  overloaded: {
    code: 'overloaded',
    message: 'More model calls are waiting than can be made in time',
    hint: 'Try again later, raise AGENT_LLM_CONCURRENCY if the provider allows it, or start another llm-gateway.',
  },
  price_unknown: {
    code: 'price_unknown',
    message: 'A budget cannot be held for a model without a price',
    hint: 'Add a row for the model to the file that AGENT_PRICES_FILE names, or unset the budgets (AGENT_BUDGET_*).',
  },
  no_time: NO_TIME,
};

/** What the first target that was asked found; what a later one finds never masks why the first one failed. */
export function failureOf(failures: readonly TargetFailure[]): Failure {
  const first =
    failures.find(({ attempts }) => attempts > 0) ??
    failures.find(({ reason }) => reason !== 'price_unknown') ??
    failures[0];
  const { code, message, hint } = named(failures, first) ?? UNAVAILABLE;
  return { code, message: `${message}: ${failures.map(describe).join('; ')}.`, hint };
}

/** The run's own deadline ended the call; `found` is what the targets had said by then. */
export const runOverOf = (found: Failure): Failure => ({
  code: 'deadline_exceeded',
  message: `The run's time was over before a model had answered. ${found.message}`,
  hint: 'Raise deadline_seconds, or narrow the goal.',
});

function named(failures: readonly TargetFailure[], first: TargetFailure | undefined): Failure | undefined {
  if (first === undefined) return NO_TIME;
  if (failures.every(({ reason }) => reason === 'unauthorized' || reason === 'revoked')) return NO_KEY;
  // A provider that is short of capacity is called overloaded too; that is not the gateway's own queue.
  if (first.reason === 'overloaded' && first.attempts > 0) return undefined;
  return NAMED[first.reason];
}

function describe({ target, reason, status, attempts }: TargetFailure): string {
  const code = status === undefined ? '' : ` (${status})`;
  const tries = attempts === 1 ? '1 attempt' : `${attempts} attempts`;
  return `${target}: ${reason}${code} after ${tries}`;
}

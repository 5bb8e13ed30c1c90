// What is said when no target answered. Pure. Names targets and classes of faults, never what a provider wrote: that may
// quote the prompt or the key.
import type { Failure } from '@troupe/contracts';
import type { FaultClass } from './classify.ts';

export interface TargetFailure {
  readonly target: string;
  readonly reason: FaultClass | 'circuit_open' | 'out_of_time';
  readonly status: number | undefined;
  readonly attempts: number;
}

const CALLERS_FAULTS: Partial<Record<TargetFailure['reason'], { message: string; hint: string }>> = {
  context_too_long: {
    message: "The conversation does not fit into the model's context.",
    hint: 'Ask for less in one run, or use a model with a larger context (AGENT_PRIMARY_MODEL).',
  },
  content_filtered: {
    message: "The provider's content policy refused the request.",
    hint: 'Rephrase the goal.',
  },
  request_rejected: {
    message: 'The provider rejected the request as invalid; another one would do the same.',
    hint: "The gateway's log names the status. Check the tools' schemas, the output schema and AGENT_MAX_TOKENS.",
  },
};

/** The caller's fault if the first target found it; what a later target finds never masks why the first one failed. */
export function failureOf(failures: readonly TargetFailure[]): Failure {
  const [first] = failures;
  const trail = failures.map(describe).join('; ');
  const fault = first === undefined ? undefined : CALLERS_FAULTS[first.reason];
  if (first !== undefined && fault !== undefined)
    return { code: first.reason, message: `${fault.message} (${trail})`, hint: fault.hint };
  return {
    code: 'providers_unavailable',
    message: `No provider gave a whole answer: ${trail}.`,
    hint: "Try again later. Check the keys, the providers' status pages and AGENT_FALLBACK_MODEL.",
  };
}

function describe({ target, reason, status, attempts }: TargetFailure): string {
  const code = status === undefined ? '' : ` (${status})`;
  const tries = attempts === 1 ? '1 attempt' : `${attempts} attempts`;
  return `${target}: ${reason}${code} after ${tries}`;
}

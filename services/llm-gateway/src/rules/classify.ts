// What a fault means: whether the same target is tried again, whether the target's circuit breaker counts it, and whether
// another target may be asked. Two tables; the first case that fits decides. Pure.
import type { ProviderFault } from './fault.ts';

export type FaultClass =
  | 'context_too_long'
  | 'content_filtered'
  | 'request_rejected'
  | 'unsupported_request'
  | 'quota_exhausted'
  | 'rate_limited'
  | 'unauthorized'
  | 'forbidden'
  | 'unknown_model'
  | 'conflict'
  | 'overloaded'
  | 'server_error'
  | 'unreachable'
  | 'no_content'
  | 'stalled'
  | 'cut'
  | 'malformed';

export interface Verdict {
  /** How often the same target may be tried again: as the settings say, at most once, not at all. */
  readonly retries: 'all' | 'one' | 'none';
  /** Says something about the target's health, so that its breaker counts it. What the caller did wrong does not. */
  readonly counts: boolean;
  /** Another target may succeed. Otherwise it would be asked the same wrong thing, and a refusal must not be laundered. */
  readonly fallback: boolean;
}

const THE_CALLER: Verdict = { retries: 'none', counts: false, fallback: false };
const THE_ACCOUNT: Verdict = { retries: 'none', counts: false, fallback: true };
const ILL: Verdict = { retries: 'all', counts: true, fallback: true };
const ILL_ONCE: Verdict = { retries: 'one', counts: true, fallback: true };

export const VERDICTS: Readonly<Record<FaultClass, Verdict>> = {
  context_too_long: THE_CALLER,
  content_filtered: THE_CALLER,
  request_rejected: THE_CALLER,
  unsupported_request: THE_ACCOUNT,
  quota_exhausted: THE_ACCOUNT,
  unauthorized: THE_ACCOUNT,
  forbidden: THE_ACCOUNT,
  unknown_model: THE_ACCOUNT,
  rate_limited: { retries: 'all', counts: false, fallback: true },
  conflict: { retries: 'one', counts: false, fallback: true },
  server_error: ILL,
  unreachable: ILL,
  // The vendor is short of capacity: insisting does not help.
  overloaded: ILL_ONCE,
  stalled: ILL_ONCE,
  cut: ILL_ONCE,
  malformed: ILL_ONCE,
  // Whoever was silent for the whole time once is given no second time: the next target is asked at once.
  no_content: { retries: 'none', counts: true, fallback: true },
};

type Refusal = Extract<ProviderFault, { kind: 'refused' }>;
interface Case {
  readonly class: FaultClass;
  readonly codes?: readonly string[];
  readonly statuses?: readonly number[];
  /** With status 400 only: there the providers' codes do not always tell. */
  readonly message400?: RegExp;
}

const CASES: readonly Case[] = [
  {
    class: 'context_too_long',
    codes: ['context_length_exceeded', 'model_context_window_exceeded'],
    message400: /prompt is too long|maximum context length|context window|exceed context limit/i,
  },
  {
    class: 'content_filtered',
    codes: [
      'content_filter',
      'content_policy_violation',
      'invalid_prompt',
      'bio_policy',
      'misalignment_policy_violation',
    ],
  },
  {
    class: 'quota_exhausted',
    codes: [
      'insufficient_quota',
      'credit_balance_exhausted',
      'organization_spend_limit_exceeded',
      'project_spend_limit_exceeded',
      'organization_usage_limit_exceeded',
      'enforced_spend_limit_reached',
      'contract_spend_limit_reached',
      'billing_error',
    ],
    statuses: [402],
    message400: /usage limits|credit balance is too low/i,
  },
  {
    class: 'rate_limited',
    codes: ['rate_limit_exceeded', 'rate_limit_error', 'ramp_limit_exceeded', 'slow_down'],
    statuses: [429],
  },
  { class: 'unauthorized', codes: ['authentication_error', 'invalid_api_key'], statuses: [401] },
  { class: 'forbidden', codes: ['permission_error'], statuses: [403] },
  { class: 'unknown_model', codes: ['model_not_found', 'not_found_error'], statuses: [404] },
  {
    class: 'unsupported_request',
    codes: [
      'unsupported_parameter',
      'unsupported_value',
      'model_not_supported',
      'invalid_json_schema',
      'invalid_function_parameters',
    ],
  },
  { class: 'conflict', statuses: [409] },
  { class: 'overloaded', codes: ['overloaded_error'], statuses: [529] },
  {
    class: 'server_error',
    codes: ['server_error', 'api_error', 'timeout_error', 'server_is_overloaded'],
    statuses: [408, 499],
  },
  { class: 'request_rejected', codes: ['invalid_request_error', 'request_too_large'] },
];

export function classify(fault: ProviderFault): FaultClass {
  switch (fault.kind) {
    case 'refused':
      return CASES.find((entry) => fits(entry, fault))?.class ?? byStatus(fault.status);
    case 'timeout':
      return fault.waitingFor === 'first_content' ? 'no_content' : 'stalled';
    case 'unreachable':
    case 'cut':
    case 'malformed':
      return fault.kind;
  }
}

const fits = ({ codes = [], statuses = [], message400 }: Case, fault: Refusal): boolean =>
  (fault.status !== undefined && statuses.includes(fault.status)) ||
  fault.codes.some((code) => codes.includes(code)) ||
  (fault.status === 400 && message400 !== undefined && message400.test(fault.message));

/** An error in mid-stream has no status; one of an unknown kind is the provider's until it says otherwise. */
const byStatus = (status: number | undefined): FaultClass =>
  status === undefined || status >= 500 ? 'server_error' : 'request_rejected';

// What a fault means: whether the same target is tried again, whether another key may succeed at once, whether the target's circuit
// breaker counts it, and whether another target may be asked. Two tables; the first case that fits decides. Pure.
import type { Health } from '../circuit/circuit.ts';
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
  | 'reset'
  | 'no_response'
  | 'no_content'
  | 'stalled'
  | 'out_of_time'
  | 'cut'
  | 'malformed';

export interface Verdict {
  /** How often the same target may be tried again: as the settings say, at most once, not at all. */
  readonly retries: 'all' | 'one' | 'none';
  /** Whether it was the key's fault, so that others are tried at once: all of them, one, none. */
  readonly keys: 'all' | 'one' | 'none';
  /** What it says about the target's health. What the caller, the account or the deadline brought about says nothing. */
  readonly health: Health;
  /** Who else may succeed: any target, one with a larger context, nobody; a refusal must not be laundered. */
  readonly fallback: 'any' | 'larger_context' | 'none';
}

const THE_CALLER: Verdict = { retries: 'none', keys: 'none', health: 'unknown', fallback: 'none' };
const THE_KEY: Verdict = { retries: 'none', keys: 'all', health: 'unknown', fallback: 'any' };
const ILL: Verdict = { retries: 'all', keys: 'none', health: 'bad', fallback: 'any' };
const ILL_ONCE: Verdict = { ...ILL, retries: 'one' };
/** Whoever was silent for the whole time once is given no second time: the next target is asked at once. */
const SILENT: Verdict = { ...ILL, retries: 'none' };

export const VERDICTS: Readonly<Record<FaultClass, Verdict>> = {
  context_too_long: { ...THE_CALLER, fallback: 'larger_context' },
  content_filtered: THE_CALLER,
  request_rejected: THE_CALLER,
  unsupported_request: { ...THE_CALLER, fallback: 'any' },
  unauthorized: THE_KEY,
  quota_exhausted: THE_KEY,
  // The key may lack this model; that all of them do is likely, so only one more is asked.
  forbidden: { ...THE_KEY, keys: 'one' },
  unknown_model: { ...THE_KEY, keys: 'one' },
  rate_limited: { ...THE_KEY, retries: 'all' },
  conflict: { retries: 'one', keys: 'none', health: 'unknown', fallback: 'any' },
  server_error: ILL,
  unreachable: ILL,
  reset: ILL,
  // The vendor is short of capacity: insisting does not help, and neither do other keys.
  overloaded: ILL_ONCE,
  stalled: ILL_ONCE,
  cut: ILL_ONCE,
  malformed: ILL_ONCE,
  no_response: SILENT,
  no_content: { ...SILENT, health: 'slow' },
  out_of_time: { ...SILENT, health: 'unknown' },
};

const TIMEOUTS = {
  first_byte: 'no_response',
  first_content: 'no_content',
  more_content: 'stalled',
  whole_answer: 'out_of_time',
} as const;

type Refusal = Extract<ProviderFault, { kind: 'refused' }>;
interface Case {
  readonly class: FaultClass;
  readonly codes?: readonly string[];
  readonly statuses?: readonly number[];
  /** With status 400 only: there the providers' codes do not always tell. */
  readonly message400?: RegExp;
}

/** Of a part of the request. Most servers have no code for it. */
export const SAYS_UNSUPPORTED =
  /\b(not (be )?(supported|permitted|allowed)|unsupported|does not support|deprecated|(unknown|unrecognized)( request)? (parameter|argument|field))\b/i;

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
    message400: /content (filtering|management) policy/i,
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
      'unknown_parameter',
      'model_not_supported',
      'invalid_json_schema',
      'invalid_function_parameters',
    ],
    message400: SAYS_UNSUPPORTED,
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
      return TIMEOUTS[fault.waitingFor];
    case 'unreachable':
    case 'reset':
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
function byStatus(status: number | undefined): FaultClass {
  if (status === undefined || status >= 500) return 'server_error';
  // A redirect is not followed: whoever stands there is not the API.
  return status < 400 ? 'malformed' : 'request_rejected';
}

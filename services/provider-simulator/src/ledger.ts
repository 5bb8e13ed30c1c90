// The simulator's own count of what it was asked and what it gave, against which tests hold the gateway's accounting.
// Bounded: the latest calls in detail, totals per endpoint and model. Of a key only a hash's prefix is ever kept.
import type { Endpoint } from './model/conversation.ts';
import { tokensIn, type Usage } from './model/tokens.ts';

export const MAX_CALLS = 20_000;
const MAX_TOTALS = 1_000;

/** completed: the whole answer was sent. aborted: the client left before that. open: still in work. */
export type Outcome = 'open' | 'completed' | 'failed' | 'aborted';

/** What is known of a call when it arrives. */
export interface Arrival {
  readonly request_id: string;
  readonly endpoint: Endpoint;
  readonly model: string;
  readonly at: string;
  readonly key_hash: string;
  readonly headers: { readonly traceparent: string | null; readonly idempotency_key: string | null };
}

/** What a well-formed request turns out to ask for. */
export interface Details {
  readonly stream: boolean;
  /** The beginning of what the user last said. */
  readonly goal: string;
  /** The kind of the script's action, if one decided. */
  readonly scripted: string | null;
  /** Input tokens of the request, as they are counted here. */
  readonly prompt_tokens: number;
}

/** What of an answer left the process, also of one that was cut. */
export interface Sent {
  /** The last usage that the client was told; undefined: none. */
  readonly told: Usage | undefined;
  /** Characters of the model's own words. */
  readonly said: number;
}

/** Input and output tokens are those that the client was told last, else 0; a status that was never sent is null. */
export interface CallRecord extends Arrival, Details {
  readonly n: number;
  readonly status: number | null;
  readonly outcome: Outcome;
  /** When it was over, or, for an aborted one, when the client was seen to leave. */
  readonly ended_at: string | null;
  readonly input_tokens: number;
  readonly output_tokens: number;
  /** Whether the client was told a usage at all. */
  readonly usage_told: boolean;
  /** Output tokens that left the process, told of or not: what a provider would charge for. */
  readonly sent_tokens: number;
}

export interface Totals {
  readonly endpoint: Endpoint;
  readonly model: string;
  calls: number;
  completed: number;
  failed: number;
  aborted: number;
  input_tokens: number;
  output_tokens: number;
}

export interface OpenCall {
  readonly describe: (details: Details) => void;
  /** Calls in work at the same endpoint and model, this one included. */
  readonly atOnce: number;
  /** Counts the call's end. */
  readonly close: (outcome: Exclude<Outcome, 'open'>, status: number | null, sent: Sent) => void;
}

export interface Ledger {
  readonly open: (arrival: Arrival) => OpenCall;
  /** The totals since the last reset, and the latest `last` calls, oldest first. */
  readonly read: (last: number) => { totals: readonly Totals[]; calls: readonly CallRecord[] };
  readonly reset: () => void;
}

export function createLedger(now: () => Date): Ledger {
  let count = 0;
  let calls: CallRecord[] = [];
  let totals = new Map<string, Totals>();

  const totalsFor = ({ endpoint, model }: Arrival): Totals => {
    const known = totals.get(`${endpoint} ${model}`);
    if (known !== undefined) return known;
    const name = totals.size < MAX_TOTALS ? model : '(other models)';
    const fresh = totals.get(`${endpoint} ${name}`) ?? emptyTotals(endpoint, name);
    totals.set(`${endpoint} ${name}`, fresh);
    return fresh;
  };

  return {
    open(arrival) {
      count += 1;
      const call = { n: count, ...arrival, ...OPENED };
      const total = totalsFor(arrival);
      calls.push(call);
      if (calls.length > MAX_CALLS) calls.shift();
      total.calls += 1;
      return {
        atOnce: total.calls - total.completed - total.failed - total.aborted,
        describe: (details) => void Object.assign(call, details),
        close(outcome, status, { told, said }) {
          const tokens = { input_tokens: told?.inputTokens ?? 0, output_tokens: told?.outputTokens ?? 0 };
          const sent = { usage_told: told !== undefined, sent_tokens: tokensIn(said) };
          Object.assign(call, { outcome, status, ended_at: now().toISOString(), ...tokens, ...sent });
          total[outcome] += 1;
          total.input_tokens += tokens.input_tokens;
          total.output_tokens += tokens.output_tokens;
        },
      };
    },
    read: (last) => ({ totals: [...totals.values()], calls: last === 0 ? [] : calls.slice(-last) }),
    reset() {
      calls = [];
      totals = new Map();
    },
  };
}

const OPENED = {
  stream: false,
  goal: '',
  scripted: null,
  status: null,
  outcome: 'open',
  ended_at: null,
  prompt_tokens: 0,
  input_tokens: 0,
  output_tokens: 0,
  usage_told: false,
  sent_tokens: 0,
} as const;

const emptyTotals = (endpoint: Endpoint, model: string): Totals => ({
  endpoint,
  model,
  calls: 0,
  completed: 0,
  failed: 0,
  aborted: 0,
  input_tokens: 0,
  output_tokens: 0,
});

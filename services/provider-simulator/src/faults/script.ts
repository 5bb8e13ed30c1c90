// The script: rules that say which calls are to be treated how. The first rule that matches a call and still has uses
// and time left decides; a call that no rule matches is answered by plan.
import { z } from 'zod';
import type { Endpoint } from '../model/conversation.ts';
import { Action, appliesTo } from './action.ts';
import { Chance, drawn } from './chance.ts';

const MAX_RULES = 1_000;

export const Rule = z.strictObject({
  match: z
    .strictObject({
      endpoint: z.enum(['responses', 'chat', 'messages', 'embeddings']).optional(),
      model: z.string().optional(),
      contains: z.string().optional().describe('a text anywhere in the input'),
      keyHash: z.string().optional().describe('as the record names the key'),
      parameter: z.string().optional().describe('a field that the request has'),
      inputAbove: z.number().int().min(0).optional().describe('input tokens'),
      atOnceAbove: z
        .number()
        .int()
        .min(0)
        .optional()
        .describe('calls in work at the model, this one included'),
    })
    .default({}),
  times: z.number().int().min(1).nullable().default(1).describe('null: always'),
  forMs: z
    .number()
    .int()
    .min(1)
    .max(600_000)
    .optional()
    .describe('since the rule was added; then it is over'),
  then: z.discriminatedUnion('kind', [Action, Chance]),
});
export type Rule = z.infer<typeof Rule>;

export const Rules = z.array(Rule).max(MAX_RULES);

export interface Call {
  readonly endpoint: Endpoint;
  readonly model: string;
  readonly keyHash: string;
  /** Everything said in the input. */
  readonly text: string;
  readonly inputTokens: number;
  /** Calls in work at the model, this one included. */
  readonly atOnce: number;
  readonly has: (parameter: string) => boolean;
}

export interface Script {
  /** Adds rules behind those already there; false, and nothing added, if they would be too many. */
  readonly add: (rules: readonly Rule[]) => boolean;
  readonly clear: () => void;
  /** The action for this call, used up by one. */
  readonly take: (call: Call) => Action | undefined;
}

interface Entry {
  readonly rule: Rule;
  readonly until: number;
  taken: number;
}

/** `now`: milliseconds on any clock that does not jump. */
export function createScript(now: () => number = () => performance.now()): Script {
  let active: Entry[] = [];
  return {
    add(rules) {
      if (active.length + rules.length > MAX_RULES) return false;
      active.push(...rules.map((rule) => ({ rule, until: now() + (rule.forMs ?? Infinity), taken: 0 })));
      return true;
    },
    clear() {
      active = [];
    },
    take(call) {
      const at = now();
      const entry = active.find(({ rule, until }) => at < until && matches(rule, call));
      if (entry === undefined) return undefined;
      entry.taken += 1;
      if (entry.taken === entry.rule.times) active = active.filter((other) => other !== entry);
      const action = entry.rule.then;
      return action.kind === 'random' ? possible(drawn(action, entry.taken), call) : action;
    },
  };
}

const matches = (rule: Rule, call: Call): boolean =>
  (rule.then.kind === 'random' || appliesTo(rule.then, call.endpoint)) &&
  isFrom(rule, call) &&
  isLike(rule, call);

const isFrom = ({ match }: Rule, call: Call): boolean =>
  (match.endpoint ?? call.endpoint) === call.endpoint &&
  (match.model ?? call.model) === call.model &&
  (match.keyHash ?? call.keyHash) === call.keyHash;

const isLike = ({ match }: Rule, call: Call): boolean =>
  call.text.includes(match.contains ?? '') &&
  (match.parameter === undefined || call.has(match.parameter)) &&
  call.inputTokens > (match.inputAbove ?? -1) &&
  call.atOnce > (match.atOnceAbove ?? 0);

const possible = (action: Action | undefined, { endpoint }: Call): Action | undefined =>
  action !== undefined && appliesTo(action, endpoint) ? action : undefined;

// The script: rules that say which calls are to be treated how. The first rule that matches a call and still has uses
// left decides; a call that no rule matches is answered by plan.
import { z } from 'zod';
import type { Endpoint } from '../model/conversation.ts';
import { Action, appliesTo } from './action.ts';

const MAX_RULES = 1_000;

export const Rule = z.strictObject({
  match: z
    .strictObject({
      endpoint: z.enum(['responses', 'chat', 'messages', 'embeddings']).optional(),
      model: z.string().optional(),
      contains: z.string().optional().describe('a text anywhere in the input'),
      keyHash: z.string().optional().describe('as the record names the key'),
    })
    .default({}),
  times: z.number().int().min(1).nullable().default(1).describe('null: always'),
  then: Action,
});
export type Rule = z.infer<typeof Rule>;

export const Rules = z.array(Rule).max(MAX_RULES);

export interface Call {
  readonly endpoint: Endpoint;
  readonly model: string;
  readonly keyHash: string;
  /** Everything said in the input. */
  readonly text: string;
}

export interface Script {
  /** Adds rules behind those already there; false, and nothing added, if they would be too many. */
  readonly add: (rules: readonly Rule[]) => boolean;
  readonly clear: () => void;
  /** The action for this call, used up by one. */
  readonly take: (call: Call) => Action | undefined;
}

export function createScript(): Script {
  let active: { rule: Rule; left: number }[] = [];
  return {
    add(rules) {
      if (active.length + rules.length > MAX_RULES) return false;
      active.push(...rules.map((rule) => ({ rule, left: rule.times ?? Infinity })));
      return true;
    },
    clear() {
      active = [];
    },
    take(call) {
      const entry = active.find(({ rule }) => matches(rule, call));
      if (entry === undefined) return undefined;
      entry.left -= 1;
      if (entry.left === 0) active = active.filter((other) => other !== entry);
      return entry.rule.then;
    },
  };
}

function matches({ match, then: action }: Rule, call: Call): boolean {
  return (
    appliesTo(action, call.endpoint) &&
    (match.endpoint ?? call.endpoint) === call.endpoint &&
    (match.model ?? call.model) === call.model &&
    (match.keyHash ?? call.keyHash) === call.keyHash &&
    call.text.includes(match.contains ?? '')
  );
}

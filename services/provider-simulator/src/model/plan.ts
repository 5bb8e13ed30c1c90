// The simulated model: conversation and tools in, next turn out. Pure and the same for every dialect. The rules are tried
// in order and the first that wants a call wins; with none left the turn is the final answer. It understands nothing: it
// matches the goal's words, so that a test can predict every turn.
import { conform } from './conform.ts';
import type { Conversation, Tool } from './conversation.ts';
import { selectorOf, shorten, toRemember, toSearch, urlsOf, wantsNotification } from './goal.ts';
import { sample } from './sample.ts';
import type { PastCall, Situation } from './situation.ts';
import { failuresIn, foundIn, situationOf, stringArguments, wasCalled } from './situation.ts';
import type { PlannedCall, Turn } from './turn.ts';

/** Opens every text that the simulator writes for people, so that nobody takes it for a model's. */
const SIMULATOR_MARK = '[provider-simulator]';

const MAX_PARALLEL_URLS = 4;
const MAX_NOTICE = 200;
const MAX_GOAL = 160;

type Tools = ReadonlyMap<string, Tool>;
type Rule = (situation: Situation, tools: Tools) => PlannedCall[];

const RULES: readonly Rule[] = [retry, browse, searchMemory, remember, notify];

/** The assistant's next turn. Deterministic: the same conversation always gets the same one. */
export function plan(conversation: Conversation): Turn {
  const situation = situationOf(conversation);
  const calls = callsFor(conversation, situation);
  if (calls.length === 0) return { kind: 'answer', text: answer(conversation, situation), truncated: false };
  return { kind: 'calls', calls: conversation.parallelCalls ? calls : calls.slice(0, 1), truncated: false };
}

function callsFor({ tools, toolChoice }: Conversation, situation: Situation): PlannedCall[] {
  if (toolChoice.kind === 'none') return [];
  const offered = tools.filter((tool) => toolChoice.kind !== 'named' || tool.name === toolChoice.name);
  const byName = new Map(offered.map((tool) => [tool.name, tool]));
  for (const rule of RULES) {
    const calls = rule(situation, byName);
    if (calls.length > 0) return calls;
  }
  const [first] = offered;
  if (toolChoice.kind === 'auto' || first === undefined) return [];
  return [callOf(first, sample(first.parameters, shorten(situation.goal, MAX_GOAL)))];
}

/** A failure that calls itself retryable is tried once more, with the same arguments. */
function retry({ recent }: Situation, tools: Tools): PlannedCall[] {
  const same = (a: PastCall, b: PastCall): boolean => a.name === b.name && a.arguments === b.arguments;
  return recent
    .filter((call) => tools.has(call.name) && call.result?.kind === 'error' && call.result.retryable)
    .filter((call) => recent.filter((other) => same(call, other)).length === 1)
    .map((call) => ({ name: call.name, arguments: call.arguments }));
}

function browse({ goal, correlationId, recent }: Situation, tools: Tools): PlannedCall[] {
  const tool = tools.get('spawn_browser_job');
  if (tool === undefined) return [];
  const visited = new Set(recent.filter((call) => call.name === tool.name).flatMap(stringArguments));
  const steps = [{ action: 'extract', selector: selectorOf(goal) ?? 'body' }];
  return urlsOf(goal)
    .slice(0, MAX_PARALLEL_URLS)
    .filter((url) => !visited.has(url))
    .map((url) => callOf(tool, { url, steps, correlation_id: correlationId }));
}

function searchMemory({ goal, recent }: Situation, tools: Tools): PlannedCall[] {
  const tool = tools.get('search_memory');
  const query = toSearch(goal);
  if (tool === undefined || query === undefined || wasCalled(recent, tool.name)) return [];
  return [callOf(tool, { query })];
}

function remember({ goal, recent }: Situation, tools: Tools): PlannedCall[] {
  const tool = tools.get('remember');
  const wish = toRemember(goal);
  if (tool === undefined || wish === undefined || wasCalled(recent, tool.name)) return [];
  return [callOf(tool, { text: [wish, ...foundIn(recent)].join('\n') })];
}

function notify({ goal, correlationId, recent }: Situation, tools: Tools): PlannedCall[] {
  const tool = tools.get('notify_user');
  const found = foundIn(recent.filter((call) => call.name === 'spawn_browser_job'));
  if (tool === undefined || wasCalled(recent, tool.name)) return [];
  if (found.length === 0 && !wantsNotification(goal)) return [];
  const news = found.length === 0 ? goal : `Found: ${found.join(' | ')}`;
  const message = shorten(`${SIMULATOR_MARK} ${news}`, MAX_NOTICE);
  return [callOf(tool, { message, level: 'info', correlation_id: correlationId })];
}

const callOf = (tool: Tool, wanted: unknown): PlannedCall => ({
  name: tool.name,
  arguments: JSON.stringify(conform(wanted, tool.parameters)),
});

/** What was asked, what was found (verbatim), what failed, what was remembered; as JSON where a schema asks for it. */
function answer({ answerSchema }: Conversation, { goal, calls, snippet }: Situation): string {
  const text = [
    `${SIMULATOR_MARK} Asked: ${shorten(goal, MAX_GOAL)}`,
    ...foundIn(calls).map((found) => `Found: ${found}`),
    ...failuresIn(calls),
    ...(snippet === undefined ? [] : [`I remembered: ${snippet}`]),
  ].join('\n');
  return answerSchema === undefined ? text : JSON.stringify(sample(answerSchema, text));
}

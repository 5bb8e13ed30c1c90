// Where a conversation stands, in the terms that the plan's rules ask in: the goal, the calls made so far and what
// became of them.
import type { Conversation, Message } from './conversation.ts';
import { lastUserText } from './conversation.ts';
import { correlationIdOf, goalOf, rememberedSnippet } from './goal.ts';
import { isRecord, parseJson } from './json.ts';
import type { ToolResult } from './tool-results.ts';
import { readResult } from './tool-results.ts';

export interface PastCall {
  readonly name: string;
  readonly arguments: string;
  readonly result: ToolResult | undefined;
}

export interface Situation {
  readonly goal: string;
  readonly correlationId: string | undefined;
  readonly snippet: string | undefined;
  /** All calls of the conversation. */
  readonly calls: readonly PastCall[];
  /** The calls since the user last spoke: a new wish may repeat an old call. */
  readonly recent: readonly PastCall[];
}

/** Their results only say that they were done; they are nothing that was found. */
const ACKNOWLEDGEMENTS = new Set(['notify_user', 'remember']);

export function situationOf({ messages }: Conversation): Situation {
  const texts = (role: 'system' | 'user'): string[] =>
    messages.filter((message) => message.role === role).map((message) => message.text);
  const results = new Map(
    messages
      .filter((message) => message.role === 'tool')
      .map((message) => [message.callId, readResult(message.text, message.isError)]),
  );
  const callsIn = (part: readonly Message[]): PastCall[] =>
    part
      .flatMap((message) => (message.role === 'assistant' ? message.calls : []))
      .map((call) => ({ name: call.name, arguments: call.arguments, result: results.get(call.id) }));
  const lastUser = messages.findLastIndex((message) => message.role === 'user');
  return {
    goal: goalOf(lastUserText(messages)),
    correlationId: correlationIdOf(texts('system')),
    snippet: rememberedSnippet([...texts('system'), ...texts('user')]),
    calls: callsIn(messages),
    recent: callsIn(messages.slice(lastUser + 1)),
  };
}

export const wasCalled = (calls: readonly PastCall[], name: string): boolean =>
  calls.some((call) => call.name === name);

/** The texts that successful calls brought back. */
export function foundIn(calls: readonly PastCall[]): string[] {
  return calls
    .filter((call) => !ACKNOWLEDGEMENTS.has(call.name))
    .flatMap((call) => (call.result?.kind === 'ok' ? [call.result.text] : []));
}

/** What became of each call that has not succeeded so far, repeated calls counted once. */
export function failuresIn(calls: readonly PastCall[]): string[] {
  const latest = new Map(calls.map((call) => [call.name + call.arguments, call]));
  return [...latest.values()].flatMap((call) =>
    call.result?.kind === 'error' ? [`${call.name} failed: ${call.result.message}`] : [],
  );
}

/** The string arguments of a call; none if its JSON is malformed. */
export function stringArguments(call: PastCall): string[] {
  const given = parseJson(call.arguments);
  return isRecord(given) ? Object.values(given).filter((value) => typeof value === 'string') : [];
}

// What every path asks, to the letter, and what must come back: one question of about a kilobyte, one short scripted answer. The
// body of the HTTP request is the one that our gateway itself sends, so that nobody has less to carry.
import type { PromptMessage } from '@troupe/contracts';
import type { ResponseCreateParamsBase } from 'openai/resources/responses/responses';
import { responsesBody } from '../../../services/llm-gateway/src/providers/openai-request.ts';

export const MODEL = 'gpt-4.1-mini';
export const ANSWER = 'The total of the open invoice is 42.';
export const MAX_TOKENS = 1_000;

const INSTRUCTIONS =
  'You are an automation agent. Do what the user asks with as few steps as possible, and answer in one sentence.';
const GOAL = `Read the total of the open invoice and tell me. ${'The invoice lists parts, hours and travel. '.repeat(22)}`;

export const prompt: PromptMessage[] = [
  { role: 'system', content: { text: INSTRUCTIONS } },
  { role: 'user', content: { text: GOAL } },
];

/** For the SDK; whether it is streamed is the caller's. */
export const httpBody: Omit<ResponseCreateParamsBase, 'stream'> = responsesBody({
  model: MODEL,
  request: {
    messages: [
      { role: 'system', text: INSTRUCTIONS },
      { role: 'user', text: GOAL },
    ],
    tools: [],
    toolChoice: 'auto',
    outputSchema: undefined,
    maxTokens: MAX_TOKENS,
  },
});

/** For the simulator: the answer to everything, so that its own planning is no part of anything. */
export const SCRIPT = [{ times: null, then: { kind: 'answer', text: ANSWER } }];

// A call with the official SDK as it comes, to the provider or to a gateway that speaks its dialect: kept-alive connections, no
// retries, and the whole answer taken from the stream's last event.
import OpenAI from 'openai';
import { ANSWER, httpBody } from '../question.ts';
import type { Call } from './drive.ts';

export interface Endpoint {
  /** With `/v1`. */
  readonly baseURL: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const TIMEOUT_MS = 60_000;

const clientOf = ({ baseURL, headers = {} }: Endpoint): OpenAI =>
  new OpenAI({ baseURL, defaultHeaders: headers, apiKey: 'none', maxRetries: 0, timeout: TIMEOUT_MS });

export function streamedCall(endpoint: Endpoint): Call {
  const client = clientOf(endpoint);
  return async () => {
    let answer: string | undefined;
    for await (const event of await client.responses.create({ ...httpBody, stream: true }))
      if (event.type === 'response.completed') answer = textIn(event.response);
    check(answer);
  };
}

export function unstreamedCall(endpoint: Endpoint): Call {
  const client = clientOf(endpoint);
  return async () => check(textIn(await client.responses.create({ ...httpBody, stream: false })));
}

/** The SDK adds `output_text` to unstreamed answers only. */
const textIn = ({ output }: OpenAI.Responses.Response): string =>
  output
    .flatMap((item) => (item.type === 'message' ? item.content : []))
    .map((part) => (part.type === 'output_text' ? part.text : ''))
    .join('');

function check(answer: string | undefined): void {
  if (answer !== ANSWER) throw new Error(`The answer is ${JSON.stringify(answer)}.`);
}

// What the SDKs throw, as a fault. Both hide much behind one class: a status when there was an HTTP answer, none for an
// error event in the stream; SyntaxErrors for what is no JSON. A connection that breaks in mid-stream is http.ts' finding.
import {
  APIConnectionError as AnthropicConnectionError,
  APIError as AnthropicError,
} from '@anthropic-ai/sdk';
import { APIConnectionError as OpenAIConnectionError, APIError as OpenAIError } from 'openai';
import type { ProviderFault } from '../rules/fault.ts';
import { retryAfterMs } from '../rules/retry-after.ts';

/** A fault that our own reading of an answer found. */
export class ProviderError extends Error {
  override name = 'ProviderError';
  readonly fault: ProviderFault;
  constructor(fault: ProviderFault) {
    super(`the provider call failed: ${fault.kind}`);
    this.fault = fault;
  }
}

/** A refusal without an HTTP status, known by its stable code alone. */
export const refusedAs = (...codes: readonly string[]): ProviderError =>
  new ProviderError({ kind: 'refused', status: undefined, codes, message: '', retryAfterMs: undefined });

/** `now` in milliseconds since 1970. Undefined for what no provider can cause: a bug of ours. */
export function faultOf(error: unknown, now: number): ProviderFault | undefined {
  if (error instanceof ProviderError) return error.fault;
  // Both wrap what our own `fetch` throws (http.ts).
  if (error instanceof OpenAIConnectionError || error instanceof AnthropicConnectionError)
    return error.cause instanceof ProviderError ? error.cause.fault : { kind: 'reset' };
  if (error instanceof OpenAIError) return refusal(error, [error.code, error.type], now);
  if (error instanceof AnthropicError) return refusal(error, [error.errorCode, error.type], now);
  if (error instanceof SyntaxError) return { kind: 'malformed' };
  return undefined;
}

function refusal(
  { status, headers, message }: { status: number | undefined; headers: Headers | undefined; message: string },
  words: readonly unknown[],
  now: number,
): ProviderFault {
  return {
    kind: 'refused',
    status,
    codes: words.filter((word) => typeof word === 'string'),
    message,
    retryAfterMs: retryAfterMs((name) => headers?.get(name) ?? null, now),
  };
}

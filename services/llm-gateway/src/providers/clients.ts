// The two SDKs, bare: no retries, logs, telemetry or timers of their own, nothing taken from the environment, and no key,
// which comes with each call.
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import type { ProviderCall } from '../generation.ts';
import type { ProviderHttp } from './http.ts';
import { watched } from './http.ts';

export interface ClientOptions {
  readonly baseURL: string;
  readonly http: ProviderHttp;
}

/** Never comes first: our own timers are shorter, and the SDKs' would not cover a stalled stream. */
const SDK_TIMEOUT_MS = 600_000;
/** The SDKs do not start without one. */
const KEY_COMES_WITH_THE_CALL = 'none';

export const openaiClient = ({ baseURL, http }: ClientOptions): OpenAI =>
  new OpenAI({
    apiKey: KEY_COMES_WITH_THE_CALL,
    baseURL,
    fetch: http.fetch,
    organization: null,
    project: null,
    adminAPIKey: null,
    webhookSecret: null,
    maxRetries: 0,
    timeout: SDK_TIMEOUT_MS,
    logLevel: 'off',
  });

export const anthropicClient = ({ baseURL, http }: ClientOptions): Anthropic =>
  new Anthropic({
    apiKey: KEY_COMES_WITH_THE_CALL,
    authToken: null,
    webhookKey: null,
    baseURL,
    fetch: http.fetch,
    maxRetries: 0,
    timeout: SDK_TIMEOUT_MS,
    logLevel: 'off',
    openTelemetry: false,
  });

/** What both SDKs take beside the body of a request. */
export const callOptions = ({ key, progress }: Pick<ProviderCall, 'key' | 'progress'>) => ({
  headers: { authorization: `Bearer ${key}` },
  signal: progress.signal,
  fetchOptions: watched(() => progress.bytes()),
});

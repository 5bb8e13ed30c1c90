// The adapters alone, without the engine around them: one call, made once.
import type { ModelUsage } from '@troupe/contracts';
import type { Droppable, ModelAnswer, ModelRequest, Progress, Provider } from '../generation.ts';
import { anthropicMessages } from '../providers/anthropic-messages.ts';
import { anthropicClient, openaiClient } from '../providers/clients.ts';
import { faultOf } from '../providers/fault-of.ts';
import type { ProviderHttp } from '../providers/http.ts';
import { providerHttp } from '../providers/http.ts';
import { openaiChat } from '../providers/openai-chat.ts';
import { openaiResponses } from '../providers/openai-responses.ts';
import type { ProviderFault } from '../rules/fault.ts';

export const DIALECTS = ['responses', 'chat', 'messages'] as const;
export type DialectName = (typeof DIALECTS)[number];

export const MODEL_OF: Readonly<Record<DialectName, string>> = {
  responses: 'gpt-4.1-mini',
  chat: 'gpt-4.1-mini',
  messages: 'claude-haiku-5-5',
};

/** What an adapter told while it worked. */
export interface Told {
  bytes: number;
  text: string;
  /** Characters that the model wrote. */
  written: number;
  readonly used: Partial<ModelUsage>[];
  whole: boolean;
}

export type Asked =
  | { readonly answer: ModelAnswer; readonly fault: undefined; readonly told: Told }
  | { readonly answer: undefined; readonly fault: ProviderFault; readonly told: Told };

export interface AskOptions {
  readonly model?: string;
  readonly key?: string;
  readonly without?: ReadonlySet<Droppable>;
  readonly signal?: AbortSignal;
}

export interface TestProviders extends AsyncDisposable {
  readonly http: ProviderHttp;
  /** One call; a fault is a value, and anything that no provider can cause is thrown. */
  ask(dialect: DialectName, request: ModelRequest, options?: AskOptions): Promise<Asked>;
}

export const KEY = 'sk-test-0123456789abcdef';
/** As the engine does it: behind its last event a stream is waited for only briefly. */
const END_OF_STREAM_MS = 50;

/** All three dialects at `url`. */
export function testProviders(url: string, connections = 8): TestProviders {
  const http = providerHttp({ connections, connectTimeoutMs: 3_000 });
  const openai = openaiClient({ baseURL: `${url}/v1`, http });
  const providers: Readonly<Record<DialectName, Provider>> = {
    responses: openaiResponses(openai),
    chat: openaiChat(openai),
    messages: anthropicMessages(anthropicClient({ baseURL: url, http })),
  };
  return {
    http,
    async ask(dialect, request, { model = MODEL_OF[dialect], key = KEY, without, signal } = {}) {
      const told: Told = { bytes: 0, text: '', written: 0, used: [], whole: false };
      const end = new AbortController();
      const progress: Progress = {
        signal: signal === undefined ? end.signal : AbortSignal.any([signal, end.signal]),
        bytes: () => void (told.bytes += 1),
        content({ written, text = '' }) {
          told.written += written;
          told.text += text;
        },
        used: (usage) => void told.used.push(usage),
        whole() {
          told.whole = true;
          setTimeout(() => end.abort(), END_OF_STREAM_MS).unref();
        },
      };
      const call = { model, key, request, progress, ...(without !== undefined && { without }) };
      try {
        return { answer: await providers[dialect].generate(call), fault: undefined, told };
      } catch (error) {
        const fault = faultOf(error, Date.now());
        if (fault === undefined) throw error;
        return { answer: undefined, fault, told };
      }
    },
    [Symbol.asyncDispose]: () => http[Symbol.asyncDispose](),
  };
}

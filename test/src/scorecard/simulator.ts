// A provider that is scripted to break: the provider-simulator as a process of its own, reached by HTTP alone.
import { join } from 'node:path';
import { root, startNode } from '@troupe/setup';

export interface ProviderCall {
  readonly endpoint: string;
  readonly model: string;
  readonly key_hash: string;
  readonly outcome: 'open' | 'completed' | 'failed' | 'aborted';
  readonly status: number | null;
  readonly at: string;
  readonly ended_at: string | null;
  readonly goal: string;
  readonly scripted: string | null;
  readonly prompt_tokens: number;
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly usage_told: boolean;
  readonly sent_tokens: number;
}

export interface Simulator extends AsyncDisposable {
  readonly url: string;
  script(...rules: readonly object[]): Promise<void>;
  /** Forgets the script; calls in work go on. */
  clearScript(): Promise<void>;
  /** Since the last reset, oldest first. */
  calls(): Promise<readonly ProviderCall[]>;
  reset(): Promise<void>;
}

/** About one token, so that an answer has as many events as a model's. */
const DELTA_CHARS = '4';

export async function startSimulator(): Promise<Simulator> {
  const entry = join(root, 'services/provider-simulator/src/main.ts');
  const env = { PATH: process.env['PATH'], SIMULATOR_DELTA_CHARS: DELTA_CHARS };
  const service = startNode({ name: 'provider-simulator', entry, env });
  const { url } = (await service.ready) as { readonly url: string };
  const send = async (method: string, path: string, body?: readonly object[]): Promise<unknown> => {
    const response = await fetch(`${url}/simulator/${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${await response.text()}`);
    return response.status === 204 ? undefined : response.json();
  };
  return {
    url,
    async script(...rules) {
      await send('POST', 'script', rules);
    },
    async clearScript() {
      await send('DELETE', 'script');
    },
    async calls() {
      return ((await send('GET', 'record')) as { calls: ProviderCall[] }).calls;
    },
    async reset() {
      await send('DELETE', 'script');
      await send('DELETE', 'record');
    },
    [Symbol.asyncDispose]: () => service[Symbol.asyncDispose](),
  };
}

// The provider-simulator as a process of its own, as the gateway meets providers: by HTTP alone.
import { join } from 'node:path';
import { environment } from '@troupe/shared';
import { root, startNode } from '@troupe/setup';

export interface SimulatedCall {
  readonly endpoint: 'responses' | 'messages' | 'embeddings' | 'chat';
  readonly model: string;
  readonly outcome: 'open' | 'completed' | 'failed' | 'aborted';
  readonly key_hash: string;
  readonly headers: { readonly traceparent: string | null };
  readonly input_tokens: number;
  readonly output_tokens: number;
}

export interface Simulator extends AsyncDisposable {
  readonly url: string;
  /** Adds rules, in the words of the simulator's script. */
  script(...rules: object[]): Promise<void>;
  /** The calls since the last reset, oldest first. */
  calls(): Promise<SimulatedCall[]>;
  /** Forgets rules and calls. */
  reset(): Promise<void>;
}

export async function startSimulator(): Promise<Simulator> {
  const entry = join(root, 'services/provider-simulator/src/main.ts');
  const service = startNode({ name: 'provider-simulator', entry, env: { PATH: environment()['PATH'] } });
  const { url } = (await service.ready) as { url: string };
  const send = async (method: string, path: string, body?: object): Promise<unknown> => {
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
    async calls() {
      return ((await send('GET', 'record')) as { calls: SimulatedCall[] }).calls;
    },
    async reset() {
      await send('DELETE', 'script');
      await send('DELETE', 'record');
    },
    [Symbol.asyncDispose]: () => service[Symbol.asyncDispose](),
  };
}

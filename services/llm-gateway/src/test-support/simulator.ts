// The provider-simulator as a process of its own, as the gateway meets providers: by HTTP alone.
import { join } from 'node:path';
import { environment } from '@troupe/shared';
import { root, startNode } from '@troupe/setup';

/** What the simulator wrote down of a call; the rest of its record is in services/provider-simulator. */
export interface SimulatedCall {
  readonly endpoint: 'responses' | 'messages' | 'embeddings' | 'chat';
  readonly model: string;
  readonly goal: string;
  readonly scripted: string | null;
  readonly outcome: 'open' | 'completed' | 'failed' | 'aborted';
  readonly status: number | null;
  readonly at: string;
  readonly ended_at: string | null;
  readonly key_hash: string;
  readonly headers: { readonly traceparent: string | null };
  readonly prompt_tokens: number;
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly usage_told: boolean;
  readonly sent_tokens: number;
}

export interface Simulator extends AsyncDisposable {
  readonly url: string;
  /** Adds rules, in the words of the simulator's script. */
  script(...rules: readonly object[]): Promise<void>;
  /** Forgets the rules; calls in work go on. */
  clearScript(): Promise<void>;
  /** The calls since the last reset, oldest first. */
  calls(): Promise<readonly SimulatedCall[]>;
  /** Forgets rules and calls. */
  reset(): Promise<void>;
}

export interface SimulatorOptions {
  /** Of one event of a streamed answer. Default: the simulator's own. */
  readonly deltaChars?: number;
}

/** About one token: an answer then has as many events as a model's. */
export const TOKEN_CHARS = 4;

export async function startSimulator({ deltaChars }: SimulatorOptions = {}): Promise<Simulator> {
  const entry = join(root, 'services/provider-simulator/src/main.ts');
  const env = {
    PATH: environment()['PATH'],
    ...(deltaChars !== undefined && { SIMULATOR_DELTA_CHARS: String(deltaChars) }),
  };
  const service = startNode({ name: 'provider-simulator', entry, env });
  const { url } = (await service.ready) as { url: string };
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
      return ((await send('GET', 'record')) as { calls: SimulatedCall[] }).calls;
    },
    async reset() {
      await send('DELETE', 'script');
      await send('DELETE', 'record');
    },
    [Symbol.asyncDispose]: () => service[Symbol.asyncDispose](),
  };
}

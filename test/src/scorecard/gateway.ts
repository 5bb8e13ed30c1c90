// One gateway process of a world.
import { fileURLToPath } from 'node:url';
import type { NodeService } from '@troupe/setup';
import { startNode } from '@troupe/setup';

export interface Gateway extends AsyncDisposable {
  readonly process: NodeService;
  /** Every line of its output so far. */
  said(): string;
  /** Where it shows its metrics. */
  readonly metricsUrl: string;
}

const entry = fileURLToPath(new URL('gateway-process.ts', import.meta.url));

/** Resolves when the gateway is ready. */
export async function startGateway(env: Readonly<Record<string, string>>): Promise<Gateway> {
  const lines: string[] = [];
  const service = startNode({
    name: 'llm-gateway',
    entry,
    env: { APP_ENV: 'test', PATH: process.env['PATH'], LOG_LEVEL: 'debug', ...env },
    onLine: (line) => lines.push(line),
  });
  try {
    const { metrics_url } = await service.ready;
    return {
      process: service,
      said: () => lines.join('\n'),
      metricsUrl: String(metrics_url),
      // Nothing of it is needed any more: a drain would only wait for what is broken on purpose.
      async [Symbol.asyncDispose]() {
        await service.stop({ signal: 'SIGKILL' });
      },
    };
  } catch (error) {
    await service.stop({ signal: 'SIGKILL' });
    throw error;
  }
}

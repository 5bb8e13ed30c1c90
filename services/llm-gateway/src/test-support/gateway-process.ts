// The gateway as it runs in production: a process of its own on a real NATS server.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findNatsServer, localDir, startNatsServer, startNode } from '@troupe/setup';
import type { NodeService } from '@troupe/setup';
import type { Kernel } from '@troupe/shared';
import { createLogger, environment, openKernel, provision } from '@troupe/shared';

export interface Ground extends AsyncDisposable {
  readonly url: string;
  readonly kernel: Kernel;
}

/** A NATS server with the declared streams, and a kernel connected to it. */
export async function startGround(): Promise<Ground> {
  const storeDir = await mkdtemp(join(tmpdir(), 'llm-gateway-'));
  const { command } = await findNatsServer({ env: environment(), localDir, report: () => undefined });
  const server = await startNatsServer({ binary: command, storeDir });
  const kernel = await openKernel({ url: server.url, name: 'test', logger: createLogger('test', 'silent') });
  await provision(kernel.connection, server.monitorUrl);
  return {
    url: server.url,
    kernel,
    async [Symbol.asyncDispose]() {
      await kernel[Symbol.asyncDispose]();
      await server.stop();
      await rm(storeDir, { recursive: true });
    },
  };
}

export interface GatewayProcess extends AsyncDisposable {
  readonly service: NodeService;
  /** Every line of stdout and stderr so far. */
  readonly said: () => string;
}

/** Starts the gateway; resolves when it is ready. */
export async function startGateway(
  natsUrl: string,
  env: Readonly<Record<string, string>>,
): Promise<GatewayProcess> {
  const process = launchGateway(natsUrl, env);
  await process.service.ready;
  return process;
}

export function launchGateway(natsUrl: string, env: Readonly<Record<string, string>>): GatewayProcess {
  const lines: string[] = [];
  const service = startNode({
    name: 'llm-gateway',
    entry: fileURLToPath(new URL('../main.ts', import.meta.url)),
    env: {
      PATH: environment()['PATH'],
      NATS_URL: natsUrl,
      LOG_LEVEL: 'trace',
      AGENT_HTTP_BASE_BACKOFF_SECONDS: '0.05',
      ...env,
    },
    onLine: (line) => lines.push(line),
  });
  return {
    service,
    said: () => lines.join('\n'),
    [Symbol.asyncDispose]: () => service[Symbol.asyncDispose](),
  };
}

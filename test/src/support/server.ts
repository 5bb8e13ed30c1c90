// A real nats-server of a test's own: in a temporary folder, on free ports, provisioned; and the kernels on it.
// Whole-system tests start it too. It stops, and leaves nothing behind, when it is disposed.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findNatsServer, localDir, type NatsServer, startNatsServer } from '@troupe/setup';
import { createLogger, type Kernel, openKernel, provision } from '@troupe/shared';

export interface TestServer extends AsyncDisposable {
  readonly nats: NatsServer;
  /** Where the server keeps everything. */
  readonly storeDir: string;
  /** A kernel with its own connection, straight to the server or by way of `url` (a proxy). Whoever opens it disposes it first. */
  kernel(name?: string, url?: string): Promise<Kernel>;
}

export interface TestServerOptions {
  /** Whether the streams and consumers are made. Default: yes. */
  readonly provisioned?: boolean;
}

const silent = createLogger('test', 'silent');

/** Resolves when the server is healthy and, unless told otherwise, provisioned. */
export async function startTestServer({ provisioned = true }: TestServerOptions = {}): Promise<TestServer> {
  const { command: binary } = await findNatsServer({ env: process.env, localDir, report: () => undefined });
  const storeDir = await mkdtemp(join(tmpdir(), 'troupe-nats-'));
  const nats = await startNatsServer({ binary, storeDir });
  const server: TestServer = {
    nats,
    storeDir,
    kernel: (name = 'test', url = nats.url) => openKernel({ url, name, logger: silent }),
    async [Symbol.asyncDispose]() {
      await nats.stop();
      await rm(storeDir, { recursive: true, force: true });
    },
  };
  if (!provisioned) return server;
  await using kernel = await server.kernel('provisioner');
  await provision(kernel.connection, nats.monitorUrl);
  return server;
}

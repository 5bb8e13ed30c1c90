// Runs one nats-server with JetStream on 127.0.0.1, with the settings that this system is built for, and restarts it on
// the same ports and store. It creates no streams.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { choosePort, freePort } from './free-port.ts';
import { type Exit, type GuardedProcess, startGuarded } from './guarded-process.ts';
import { untilHealthy } from './until-healthy.ts';

// A store with much in it is read before the server is healthy.
const HEALTHY_WITHIN_MS = 60_000;

export type NatsServerOptions = {
  readonly binary: string;
  /** Everything of this server: its configuration and the streams. Kept when it stops. */
  readonly storeDir: string;
  /** Default: a free one. */
  readonly port?: number;
  /** How much a power loss may take; a crash of the server takes nothing either way. Default 100ms. */
  readonly syncInterval?: '100ms' | 'always';
  readonly signal?: AbortSignal;
};

export type NatsServer = AsyncDisposable & {
  readonly url: string;
  readonly monitorUrl: string;
  /** Of the running server: another one after a restart. */
  readonly pid: () => number;
  /** The end of the running server. */
  readonly exited: () => Promise<Exit>;
  readonly tail: () => string;
  readonly kill: (signal: NodeJS.Signals) => void;
  /** Ends the server if it runs, starts it on the same ports and store, and waits until it is healthy. */
  readonly restart: () => Promise<void>;
  readonly stop: () => Promise<void>;
};

/** Resolves when /healthz is 200. Errors: `process_ended` and `not_ready`, each with the server's last lines. */
export async function startNatsServer(options: NatsServerOptions): Promise<NatsServer> {
  const { binary, storeDir, syncInterval = '100ms', signal } = options;
  const port = await choosePort(options.port);
  const monitorPort = await freePort();
  const monitorUrl = `http://127.0.0.1:${monitorPort}`;
  const config = join(storeDir, 'nats-server.conf');
  await mkdir(storeDir, { recursive: true });
  await writeFile(config, configuration({ port, monitorPort, storeDir, syncInterval }));

  const start = async (): Promise<GuardedProcess> => {
    const server = startGuarded({ name: 'nats-server', command: binary, args: ['-c', config], env: {} });
    try {
      await untilHealthy(server, `${monitorUrl}/healthz`, { withinMs: HEALTHY_WITHIN_MS, signal });
      return server;
    } catch (error) {
      await server.stop({ signal: 'SIGKILL' });
      throw error;
    }
  };

  let server = await start();
  const stop = async (): Promise<void> => {
    await server.stop();
  };
  return {
    url: `nats://127.0.0.1:${port}`,
    monitorUrl,
    pid: () => server.pid,
    exited: () => server.exited,
    tail: () => server.tail(),
    kill: (name) => server.kill(name),
    restart: async () => {
      await stop();
      server = await start();
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

type Settings = {
  readonly port: number;
  readonly monitorPort: number;
  readonly storeDir: string;
  readonly syncInterval: string;
};

// Strict: a setting or request that the server does not know is an error, not something to ignore.
const configuration = ({ port, monitorPort, storeDir, syncInterval }: Settings): string => `\
server_name: troupe
listen: "127.0.0.1:${port}"
http: "127.0.0.1:${monitorPort}"
max_payload: 1MB
write_deadline: "10s"
ping_interval: "20s"
ping_max: 2
jetstream {
  store_dir: ${JSON.stringify(storeDir)}
  sync_interval: "${syncInterval}"
  strict: true
}
`;

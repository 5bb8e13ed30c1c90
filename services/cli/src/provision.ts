// Makes the streams, consumers and buckets on a server that is healthy, and waits for one that is still starting. Run again it makes
// nothing and compares; it never changes what exists.
import { setTimeout as sleep } from 'node:timers/promises';
import { createLogger, openKernel, provision, StartupError } from '@troupe/shared';
import type { CliConfig } from './config.ts';
import { say } from './terminal.ts';

const PAUSE_MS = 500;

type Server = Pick<CliConfig, 'NATS_URL' | 'NATS_MONITOR_URL'>;

/**
 * What was made; nothing if all was there. Waits `withinMs` for a server that is still starting. Throws the last StartupError of that
 * time, the first one that waiting does not mend, or an AbortError when `signal` aborts.
 */
export async function provisionWhenHealthy(
  server: Server,
  { withinMs, signal }: { readonly withinMs: number; readonly signal: AbortSignal },
): Promise<readonly string[]> {
  const until = performance.now() + withinMs;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await provisionNow(server);
    } catch (error) {
      if (!mayPass(error) || performance.now() > until) throw error;
      if (attempt === 1) say(`… not yet, waiting up to ${withinMs / 1_000} s: ${codeOf(error)}`);
    }
    await sleep(PAUSE_MS, undefined, { signal });
  }
}

async function provisionNow({ NATS_URL, NATS_MONITOR_URL }: Server): Promise<readonly string[]> {
  const logger = createLogger('provision', 'silent');
  await using kernel = await openKernel({ url: NATS_URL, name: 'provision', logger });
  const { made } = await provision(kernel.connection, NATS_MONITOR_URL);
  return made;
}

const codeOf = (error: unknown): string => (error instanceof StartupError ? error.failure.code : 'unknown');

/** A server that is starting does not answer, is not healthy, or answers in the client's words that JetStream is not there yet. */
const mayPass = (error: unknown): boolean =>
  ['nats_unreachable', 'server_unhealthy', 'unknown'].includes(codeOf(error));

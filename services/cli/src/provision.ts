// Makes the streams, consumers and buckets on a server that is healthy, and ends: `troupe provision`, and the job that every
// service of docker-compose.yaml waits for. Run again it makes nothing and compares; it never changes what exists.
import { setTimeout as sleep } from 'node:timers/promises';
import { createLogger, openKernel, provision, StartupError } from '@troupe/shared';
import { type CliConfig, readConfig } from './config.ts';
import { EXIT } from './exit-codes.ts';
import { interruption, say, tell } from './terminal.ts';

const WITHIN_MS = 60_000;
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

/** The command. Exit codes: 0 all is there, 1 it could not be made, 5 no server let us in, 130 interrupted. */
export async function provisionCommand(): Promise<number> {
  const { signal } = interruption();
  try {
    const made = await provisionWhenHealthy(readConfig(), { withinMs: WITHIN_MS, signal });
    say(made.length === 0 ? '✔ everything is there, as declared' : `✔ made ${made.join(', ')}`);
    return EXIT.ok;
  } catch (error) {
    if (signal.aborted) return EXIT.interrupted;
    say(tell(error));
    return codeOf(error).startsWith('nats_') ? EXIT.unreachable : EXIT.unexpected;
  }
}

if (import.meta.main) process.exitCode = await provisionCommand();

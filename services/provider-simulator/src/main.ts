// Entry of the provider-simulator process: one JSON line when it is ready, then it serves until it is told to stop.
import { once } from 'node:events';
import { readConfig } from './config.ts';
import { startSimulator } from './server.ts';

const NAME = 'provider-simulator';

function log(level: 'info' | 'error', msg: string, fields: object): void {
  const stream = level === 'info' ? process.stdout : process.stderr;
  stream.write(`${JSON.stringify({ level, msg, name: NAME, ...fields })}\n`);
}

const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));

async function run(): Promise<void> {
  const config = readConfig();
  await using simulator = await startSimulator({
    ...config,
    onError: (error) => log('error', 'call failed', { error: reason(error) }),
  });
  log('info', 'ready', { url: simulator.url });
  await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
}

try {
  await run();
  process.exit(0);
} catch (error) {
  log('error', 'could not start', {
    code: 'start_failed',
    error: reason(error),
    hint: 'Correct the SIMULATOR_* variables, or choose another SIMULATOR_PORT (0 takes a free one).',
  });
  process.exit(1);
}

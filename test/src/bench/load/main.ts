// The load generator, a process of its own so that what it costs is not counted: `node main.ts <nats url>`. It does what
// commands.ts says until it is stopped.
import { createLogger, openKernel } from '@troupe/shared';
import type { Command } from './commands.ts';
import { LOAD_SUBJECT } from './commands.ts';
import { drive } from './drive.ts';
import { publish } from './publish.ts';

const logger = createLogger('load', 'info');
await using kernel = await openKernel({ url: process.argv[2] ?? '', name: 'bench-load', logger });
const { connection, publisher } = kernel;

const obey = (command: Command): Promise<object> =>
  command.kind === 'drive' ? drive(connection, command) : publish(publisher, command);

const commands = connection.subscribe(LOAD_SUBJECT);
process.once('SIGTERM', () => commands.unsubscribe());
logger.info('ready');
for await (const message of commands) {
  const reply = await obey(message.json()).then(
    (result) => ({ result }),
    (error: unknown) => ({ error: String(error) }),
  );
  message.respond(JSON.stringify(reply));
}

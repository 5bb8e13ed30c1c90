// A worker process that some messages end at once: `kill` ends it with a signal, `crash` with an error that nobody catches. Told by its
// arguments: server, stream, consumer.
import { setTimeout as sleep } from 'node:timers/promises';
import { createLogger, openKernel, startActor } from '@troupe/shared';

const [url = '', stream = '', consumer = ''] = process.argv.slice(2);
const logger = createLogger('deadly', 'info');
const kernel = await openKernel({ url, name: 'deadly', logger });
startActor({
  connection: kernel.connection,
  stream,
  consumer,
  concurrency: 32,
  ackWaitMs: 1_000,
  maxAttempts: 3,
  deadLetters: kernel.deadLetters,
  suspects: kernel.suspects,
  logger,
  metrics: kernel.metrics,
  onFatal: () => process.exit(1),
  handle: async ({ body }) => {
    const word = Buffer.from(body).toString();
    // In hand beside the others when the process ends.
    await sleep(word.startsWith('slow') ? 100 : 50);
    if (word.startsWith('kill')) process.kill(process.pid, 'SIGKILL');
    if (word.startsWith('crash')) setImmediate(crash);
    await sleep(word.startsWith('crash') ? 1_000 : 10);
    logger.info({ word }, 'handled');
  },
});
function crash(): never {
  throw new Error('crash');
}
logger.info('ready');

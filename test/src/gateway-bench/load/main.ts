// The load generator, a process of its own so that what it costs is told apart: `node main.ts <nats> <simulator> [<portkey>]`, all
// urls. It does what commands.ts says until it is stopped.
import { createLogger, openKernel } from '@troupe/shared';
import { LOAD_SUBJECT } from '../../bench/load/commands.ts';
import type { Path } from '../paths.ts';
import type { Order } from './commands.ts';
import type { Call } from './drive.ts';
import { drive } from './drive.ts';
import { logCall } from './log-call.ts';
import { streamedCall, unstreamedCall } from './sdk-call.ts';

const [nats = '', simulator = '', portkey = ''] = process.argv.slice(2);
const logger = createLogger('load', 'info');
await using kernel = await openKernel({ url: nats, name: 'bench-load', logger });

const provider = { baseURL: `${simulator}/v1` };
const byPortkey = {
  baseURL: `${portkey}/v1`,
  headers: { 'x-portkey-provider': 'openai', 'x-portkey-custom-host': provider.baseURL },
};
const calls: Readonly<Record<Path, Call>> = {
  direct: streamedCall(provider),
  troupe: logCall(kernel),
  portkey: streamedCall(byPortkey),
  direct_unstreamed: unstreamedCall(provider),
  portkey_unstreamed: unstreamedCall(byPortkey),
};

const orders = kernel.connection.subscribe(LOAD_SUBJECT);
process.once('SIGTERM', () => orders.unsubscribe());
// Whoever orders now is heard.
await kernel.connection.flush();
logger.info('ready');
for await (const message of orders) {
  const order = message.json<Order>();
  const reply = await drive(calls[order.path], order).then(
    (result) => ({ result }),
    (error: unknown) => ({ error: `${order.path}: ${String(error)}` }),
  );
  message.respond(JSON.stringify(reply));
}

// A process of its own that only reads the stream and checks the replay property: `node main.ts <nats url>`. Prints the report as
// one line of JSON; exit code 1 on a violation.
import { AckPolicy, DeliverPolicy, connect } from 'nats';
import type { RawMessage } from '@troupe/contracts';
import { automation } from '../../../services/planner/src/workflows/automation.ts';
import { createRegistry } from '../../../services/planner/src/workflows/registry.ts';
import { checkReplay } from './check-replay.ts';
import { rawOf } from './raw-message.ts';

const connection = await connect({ servers: process.argv[2] ?? 'nats://127.0.0.1:4222', name: 'replay' });
const messages: RawMessage[] = [];
const manager = await connection.jetstreamManager();
const { state } = await manager.streams.info('AGENTS');
if (state.messages > 0) {
  const { name, num_pending } = await manager.consumers.add('AGENTS', {
    ack_policy: AckPolicy.None,
    deliver_policy: DeliverPolicy.All,
  });
  const consumer = await connection.jetstream().consumers.get('AGENTS', name);
  for await (const message of await consumer.consume({ max_messages: 200 })) {
    messages.push(rawOf(message));
    // By number: the last sequence of the stream may be one that was erased.
    if (messages.length >= num_pending) break;
  }
}
const registry = createRegistry([automation]);
const report = checkReplay(messages, (run) => registry.machineFor(run));
process.stdout.write(`${JSON.stringify(report)}\n`);
process.exitCode = report.violations.length === 0 ? 0 : 1;
await connection.close();

// The server: its version, JetStream, what is declared on it, and whether anybody takes what waits there.
import type { Kernel } from '@troupe/shared';
import { checkServer, declaredConsumers, differences } from '@troupe/shared';
import type { Finding } from './finding.ts';
import { fault, faultOf, unknown, well } from './finding.ts';

export async function lookAtServer({ connection }: Kernel): Promise<Finding[]> {
  const server = lookAtVersion({ connection });
  const jetstream = await lookAtJetStream({ connection });
  if (jetstream.kind !== 'well') return [server, jetstream, unknown('streams', 'needs JetStream')];
  return [
    server,
    jetstream,
    ...(await lookAtStreams({ connection })),
    ...(await lookAtConsumers({ connection })),
  ];
}

type Connected = Pick<Kernel, 'connection'>;

function lookAtVersion({ connection }: Connected): Finding {
  try {
    checkServer(connection);
    return well('nats-server', `${connection.info?.version ?? ''} at ${connection.getServer()}`);
  } catch (error) {
    return faultOf('nats-server', error, 'Run a newer nats-server.');
  }
}

const MIB = 1024 ** 2;

async function lookAtJetStream({ connection }: Connected): Promise<Finding> {
  try {
    const { streams, storage } = await (await connection.jetstreamManager()).getAccountInfo();
    return well('jetstream', `${streams} streams, ${(storage / MIB).toFixed(1)} MiB stored`);
  } catch (error) {
    return faultOf(
      'jetstream',
      error,
      'Start nats-server with JetStream: `jetstream {}` in its file, or the flag -js.',
    );
  }
}

async function lookAtStreams({ connection }: Connected): Promise<Finding[]> {
  const found = await differences(await connection.jetstreamManager());
  if (found.length === 0) return [well('streams', 'streams, consumers and buckets are as declared')];
  return found.map((difference) =>
    fault(
      'streams',
      difference,
      difference.endsWith('does not exist')
        ? 'Run `troupe provision`.'
        : 'Mend it with the nats command: what exists is never changed automatically.',
    ),
  );
}

async function lookAtConsumers({ connection }: Connected): Promise<Finding[]> {
  const manager = await connection.jetstreamManager();
  return Promise.all(
    declaredConsumers().map(async ({ stream, config }) => {
      const name = `consumer ${config.durable_name}`;
      const info = await manager.consumers.info(stream, config.durable_name).catch(() => undefined);
      if (info === undefined) return unknown(name, 'does not exist');
      const { num_pending, num_ack_pending, num_waiting, num_redelivered } = info;
      const detail = `${num_pending} pending, ${num_ack_pending} in work, ${num_redelivered} redelivered`;
      return num_pending > 0 && num_ack_pending === 0 && num_waiting === 0
        ? fault(
            name,
            `${detail}; nobody pulls`,
            'Start the service that this consumer belongs to (`npm run dev`).',
          )
        : well(name, detail);
    }),
  );
}

// Whether everybody who reads a stream is done with what stands up to a sequence. Before that, somebody may still write it elsewhere: a
// projection its view, a worker an outcome, an actor a dead letter.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Kernel } from '@troupe/shared';
import { declaredConsumers, RetryableError } from '@troupe/shared';

const LOOK_EVERY_MS = 200;

/**
 * Resolves with whether it came to that within `withinMs`: one delivery that is tried again and again must not keep an erasure waiting
 * for ever. Throws RetryableError `stream_unreadable`, and the signal's reason.
 */
export async function settled(
  connection: Kernel['connection'],
  at: { readonly stream: string; readonly seq: number },
  { withinMs, signal }: { readonly withinMs: number; readonly signal: AbortSignal },
): Promise<boolean> {
  const { consumers } = await connection.jetstreamManager();
  let open = declaredConsumers().filter(({ stream }) => stream === at.stream);
  for (const startedAt = performance.now(); ; ) {
    const infos = await Promise.all(
      open.map(async (consumer) => ({
        consumer,
        info: await consumers.info(at.stream, consumer.config.durable_name).catch((cause: unknown) => {
          throw new RetryableError('stream_unreadable', `A consumer of ${at.stream} could not be read.`, {
            cause,
          });
        }),
      })),
    );
    open = infos.filter(({ info }) => !isPast(info, at.seq)).map(({ consumer }) => consumer);
    if (open.length === 0) return true;
    if (performance.now() - startedAt > withinMs) return false;
    await sleep(LOOK_EVERY_MS, undefined, { signal });
  }
}

/** As the server tells it. */
interface Consumed {
  readonly ack_floor: { readonly stream_seq: number };
  readonly num_pending: number;
  readonly num_ack_pending: number;
}

const isPast = ({ ack_floor, num_pending, num_ack_pending }: Consumed, seq: number): boolean =>
  ack_floor.stream_seq >= seq || (num_pending === 0 && num_ack_pending === 0);

// The ledger as it stands in its stream: the last record of every attempt, which says all that is known of it.
import type { LedgerRecord } from '@troupe/contracts';
import { LedgerRecord as Record } from '@troupe/contracts';
import type { Kernel } from '@troupe/shared';
import { LEDGER_STREAM } from '@troupe/shared';

/** Throws where something else than a record stands there. */
export async function attemptsIn({ connection }: Kernel): Promise<LedgerRecord[]> {
  const manager = await connection.jetstreamManager();
  const { state } = await manager.streams.info(LEDGER_STREAM);
  const last = new Map<string, LedgerRecord>();
  if (state.messages === 0) return [];
  const consumer = await connection.jetstream().consumers.get(LEDGER_STREAM);
  const messages = await consumer.consume({ max_messages: 1_000 });
  for await (const message of messages) {
    last.set(message.subject, Record.parse(message.json()));
    if (message.seq >= state.last_seq) break;
  }
  return [...last.values()];
}

// What became a dead letter, read from the stream itself.
import type { Failure } from '@troupe/contracts';
import { DEAD_STREAM } from '@troupe/shared';
import type { Kernel } from '@troupe/shared';

export interface DeadLetter {
  readonly consumer: string;
  readonly subject: string;
  readonly seq: number;
  readonly error: Failure;
}

/** All of them, oldest first. */
export async function deadLettersIn({ connection }: Kernel): Promise<DeadLetter[]> {
  const manager = await connection.jetstreamManager();
  const { state } = await manager.streams.info(DEAD_STREAM);
  const letters: DeadLetter[] = [];
  for (let seq = state.first_seq; seq <= state.last_seq && state.messages > 0; seq += 1)
    letters.push((await manager.streams.getMessage(DEAD_STREAM, { seq })).json());
  return letters;
}

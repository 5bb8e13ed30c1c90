// Erasing stored messages so that nothing of them stays on the disk: each is deleted by its sequence, and the server overwrites its bytes.
// A purge, an expiry or a delete of an object only forgets where they are. Which messages those are is the caller's decision.
import type { NatsConnection } from 'nats';
import { z } from 'zod';
import { RetryableError } from './errors.ts';
import { parseJson } from './parse-json.ts';

/** Each costs the server a write: enough to keep it busy, few enough to leave it to the others. */
const AT_ONCE = 32;
const TIMEOUT_MS = 5_000;

const Answer = z.union([
  z.object({ success: z.literal(true) }),
  z.object({
    error: z.object({ code: z.number(), err_code: z.number().optional(), description: z.string() }),
  }),
]);

/** What the server says of a message that is not there: by its number, or as the reason why nothing was deleted. */
const NO_SUCH_SEQUENCE = 10043;
const NOT_DELETED = 10057;
const GONE = /no message found|deleted message|stream store eof/i;

/**
 * Overwrites the messages at `seqs`, roughly in their order; those that are gone already are passed over. Resolves with how many were
 * overwritten by this call. Throws RetryableError `not_erased`, and the signal's reason.
 */
export async function eraseMessages(
  connection: NatsConnection,
  stream: string,
  seqs: readonly number[],
  signal?: AbortSignal,
): Promise<number> {
  let erased = 0;
  let next = 0;
  const work = async (): Promise<void> => {
    for (let seq = seqs[next++]; seq !== undefined; seq = seqs[next++]) {
      signal?.throwIfAborted();
      if (await eraseMessage(connection, stream, seq)) erased += 1;
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, seqs.length) }, work));
    return erased;
  } finally {
    // Where one failed, the others go no further.
    next = seqs.length;
  }
}

async function eraseMessage(connection: NatsConnection, stream: string, seq: number): Promise<boolean> {
  const reply = await connection
    .request(`$JS.API.STREAM.MSG.DELETE.${stream}`, JSON.stringify({ seq }), { timeout: TIMEOUT_MS })
    .catch((cause: unknown) => {
      throw notErased(stream, 'no answer in time', cause);
    });
  const answer = Answer.safeParse(parseJson(reply.data)).data;
  if (answer === undefined) throw notErased(stream, 'an answer that cannot be read');
  if ('success' in answer) return true;
  const { err_code, description } = answer.error;
  if (err_code === NO_SUCH_SEQUENCE || (err_code === NOT_DELETED && GONE.test(description))) return false;
  throw notErased(stream, description);
}

const notErased = (stream: string, why: string, cause?: unknown): RetryableError =>
  new RetryableError('not_erased', `A message of ${stream} could not be erased: ${why}.`, { cause });

/** Every subject of `stream` that matches `filter` and has messages. Throws RetryableError `stream_unreadable`. */
export async function subjectsOf(
  connection: NatsConnection,
  stream: string,
  filter: string,
): Promise<string[]> {
  try {
    const { streams } = await connection.jetstreamManager();
    const { state } = await streams.info(stream, { subjects_filter: filter });
    return Object.keys(state.subjects ?? {});
  } catch (cause) {
    throw new RetryableError('stream_unreadable', `The subjects of ${stream} could not be listed.`, {
      cause,
    });
  }
}

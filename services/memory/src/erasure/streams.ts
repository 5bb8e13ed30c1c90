// The stored streams as an erasure needs them: their subjects, their messages, and the end of those. One reader per stream, which a
// connection keeps for good.
import type { RawMessage } from '@troupe/contracts';
import type { Kernel } from '@troupe/shared';
import { DirectReader, eraseMessages, RetryableError, subjectsOf } from '@troupe/shared';

/** All throw RetryableError `stream_unreadable`. */
export interface Streams {
  reader(stream: string): DirectReader;
  /** The last sequence. */
  end(stream: string): Promise<number>;
  /** Those that match `filter` and have messages. */
  subjects(stream: string, filter: string): Promise<string[]>;
  /** The sequences of the messages at `subjects`, in order; of all, or of those that `belongs` takes. */
  seqsAt(
    stream: string,
    subjects: readonly string[],
    belongs?: (message: RawMessage) => boolean,
  ): Promise<Found>;
  /** Resolves with how many were overwritten. Throws `not_erased`, too. */
  erase(found: Found, signal: AbortSignal): Promise<number>;
}

/** Messages of one stream. */
export interface Found {
  readonly stream: string;
  readonly seqs: readonly number[];
}

export function openStreams({ connection }: Pick<Kernel, 'connection'>): Streams {
  const readers = new Map<string, DirectReader>();
  const reader = (stream: string): DirectReader => {
    const known = readers.get(stream) ?? new DirectReader(connection, stream);
    readers.set(stream, known);
    return known;
  };
  return {
    reader,
    async end(stream) {
      try {
        const { streams } = await connection.jetstreamManager();
        return (await streams.info(stream)).state.last_seq;
      } catch (cause) {
        throw new RetryableError('stream_unreadable', `The end of ${stream} could not be read.`, { cause });
      }
    },
    subjects: (stream, filter) => subjectsOf(connection, stream, filter),
    async seqsAt(stream, subjects, belongs = () => true) {
      const seqs: number[] = [];
      for (const subject of subjects) {
        for await (const page of reader(stream).pagesAt(subject))
          seqs.push(...page.filter(belongs).map(({ seq }) => seq));
      }
      return { stream, seqs: seqs.sort((a, b) => a - b) };
    },
    erase: ({ stream, seqs }, signal) => eraseMessages(connection, stream, seqs, signal),
  };
}

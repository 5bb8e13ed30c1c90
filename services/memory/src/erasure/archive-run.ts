// What stays of a run that is erased: of each event that it was, when, and how large. The timeline can be drawn from it.
import type { RawMessage, WorkflowKey } from '@troupe/contracts';
import { archiveSubject, EXPECTED_LAST, parseLogSubject, Skeleton } from '@troupe/contracts';
import type { DirectReader, Publisher } from '@troupe/shared';
import { RetryableError } from '@troupe/shared';
import { parseJson } from './parse-json.ts';

/** Of one message, which must stay below 1 MiB; a longer run leaves several. */
const MOST_EVENTS = 4_000;
const PUBLISH_TIMEOUT_MS = 5_000;

/** Resolves when every event of `events` stands in the archive, once. Throws RetryableError `archive_unwritable` or `stream_unreadable`. */
export async function archiveRun(
  { user, workflow }: WorkflowKey,
  events: readonly RawMessage[],
  { archive, publisher, now }: ArchiveMeans,
): Promise<void> {
  const subject = archiveSubject({ user, workflow });
  const before = await archive.allAt(subject);
  const known = new Set(
    before.flatMap(
      ({ body }) => Skeleton.safeParse(parseJson(body)).data?.events.map(({ seq }) => seq) ?? [],
    ),
  );
  const missing = events.filter(({ seq }) => !known.has(seq));
  let last = before.at(-1)?.seq ?? 0;
  for (let from = 0; from < missing.length; from += MOST_EVENTS) {
    const part = missing.slice(from, from + MOST_EVENTS).map(boneOf);
    const skeleton: Skeleton = { user, workflow, erased_at: now().toISOString(), events: part };
    const headers = { [EXPECTED_LAST]: String(last) };
    const outcome = await publisher.publish(subject, headers, JSON.stringify(skeleton), PUBLISH_TIMEOUT_MS);
    if (outcome.kind !== 'stored')
      throw new RetryableError(
        'archive_unwritable',
        `The skeleton of ${workflow} is not stored (${outcome.kind}).`,
      );
    last = outcome.seq;
  }
}

export interface ArchiveMeans {
  /** Of the stream of skeletons. */
  readonly archive: DirectReader;
  readonly publisher: Publisher;
  readonly now: () => Date;
}

function boneOf({ subject, seq, header, storedAt, body }: RawMessage): Skeleton['events'][number] {
  const sequence = Number(header('ce-sequence'));
  return {
    // One that nobody can read is not told apart: that the skeleton can be read matters more.
    sequence: Number.isSafeInteger(sequence) && sequence > 0 ? sequence : 1,
    seq,
    type: parseLogSubject(subject)?.type ?? 'unknown',
    time: new Date(storedAt).toISOString(),
    bytes: body.length,
  };
}

// A user's large texts and pictures in the object store: under his name, and named by the events that hold them. One that another run of his
// holds, too, stays.
import { z } from 'zod';
import type { RawMessage, UserId } from '@troupe/contracts';
import { BLOBS_BUCKET } from '@troupe/shared';
import type { Found, Streams } from './streams.ts';

const STREAM = `OBJ_${BLOBS_BUCKET}`;
const METAS = `$O.${BLOBS_BUCKET}.M.`;
const CHUNKS = `$O.${BLOBS_BUCKET}.C.`;

const Info = z.object({ nuid: z.string().regex(/^[A-Za-z0-9]+$/) });

/** The names of all of the user's objects. */
export async function objectsOf(streams: Streams, user: UserId): Promise<string[]> {
  const metas = await streams.subjects(STREAM, `${METAS}>`);
  return metas
    .map((subject) => Buffer.from(subject.slice(METAS.length), 'base64url').toString())
    .filter((name) => name.startsWith(`${user}/`));
}

/** The names of the objects that events hold. */
export function objectsIn(events: readonly RawMessage[], user: UserId): Set<string> {
  const name = new RegExp(`(?<![A-Za-z0-9_-])${user}/[0-9a-f]{64}`, 'g');
  return new Set(events.flatMap(({ body }) => Buffer.from(body).toString().match(name) ?? []));
}

/** The messages that an object consists of, its name last: without that nobody finds the others. */
export async function findObject(streams: Streams, name: string): Promise<Found> {
  const subject = `${METAS}${Buffer.from(name).toString('base64').replaceAll('+', '-').replaceAll('/', '_')}`;
  const metas = await streams.reader(STREAM).allAt(subject);
  const nuids = new Set(metas.flatMap(({ body }) => infoIn(body)?.nuid ?? []));
  const chunks = await streams.seqsAt(
    STREAM,
    [...nuids].map((nuid) => `${CHUNKS}${nuid}`),
  );
  return { stream: STREAM, seqs: [...chunks.seqs, ...metas.map(({ seq }) => seq)] };
}

function infoIn(body: Uint8Array): z.infer<typeof Info> | undefined {
  try {
    return Info.safeParse(JSON.parse(Buffer.from(body).toString())).data;
  } catch {
    return undefined;
  }
}

// A user's large texts and pictures in the object store: under his name, and named by the events that hold them. One that another run of his
// holds, too, stays.
import { z } from 'zod';
import type { RawMessage, UserId } from '@troupe/contracts';
import { BLOBS_BUCKET } from '@troupe/shared';
import { parseJson } from './parse-json.ts';
import type { Found, Streams } from './streams.ts';

const STREAM = `OBJ_${BLOBS_BUCKET}`;
const METAS = `$O.${BLOBS_BUCKET}.M.`;
const CHUNKS = `$O.${BLOBS_BUCKET}.C.`;

/** The name of an object comes behind its last chunk, at most this late. */
const WRITING_MS = 600_000;

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

/** The messages that an object consists of, to be erased one behind the other: without its name nobody finds the rest. */
export async function findObject(streams: Streams, name: string): Promise<Found[]> {
  const subject = `${METAS}${Buffer.from(name).toString('base64').replaceAll('+', '-').replaceAll('/', '_')}`;
  const metas = await streams.reader(STREAM).allAt(subject);
  const chunks = await streams.seqsAt(
    STREAM,
    nuidsIn(metas).map((nuid) => `${CHUNKS}${nuid}`),
  );
  return [chunks, { stream: STREAM, seqs: metas.map(({ seq }) => seq) }];
}

/** What writers who died left of objects that have no name: nobody reads them, and whose they are is not to be known. */
export async function findUnnamedChunks(streams: Streams, now: number): Promise<Found> {
  const chunks = await streams.subjects(STREAM, `${CHUNKS}>`);
  const named = new Set<string>();
  if (chunks.length > 0)
    for await (const metas of streams.reader(STREAM).pagesAt(`${METAS}>`))
      for (const nuid of nuidsIn(metas)) named.add(nuid);
  const unnamed: string[] = [];
  for (const subject of chunks.filter((chunk) => !named.has(chunk.slice(CHUNKS.length)))) {
    const last = await streams.reader(STREAM).last(subject);
    if (last !== undefined && last.storedAt < now - WRITING_MS) unnamed.push(subject);
  }
  return streams.seqsAt(STREAM, unnamed);
}

const nuidsIn = (metas: readonly RawMessage[]): string[] =>
  metas.flatMap(({ body }) => Info.safeParse(parseJson(body)).data?.nuid ?? []);

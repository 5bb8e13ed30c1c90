// Texts that are too large for an event, in the object store under <user>/<sha256>. What moves out is decided by a pure
// function of the event alone, and the name is the content's hash: writing twice, or replaying, gives the same bytes.
import { createHash } from 'node:crypto';
import type { NatsConnection } from 'nats';
import { NatsError } from 'nats';
import { z } from 'zod';
import type { EventDraft, LargeText, TextReference, UserId } from '@troupe/contracts';
import { contractOf, INLINE_TEXT_BYTES, inlineTextsIn } from '@troupe/contracts';
import { RetryableError, TerminalError } from './errors.ts';
import { DirectReader } from './nats/direct.ts';
import { WRONG_LAST_SEQUENCE } from './nats/publisher.ts';
import { parseJson } from './parse-json.ts';

export const BLOBS_BUCKET = 'AGENTS_BLOBS';
/** What the texts of one event may take together, as JSON: a message of the server is at most 1 MiB, headers included. */
const EVENT_TEXT_BYTES = 512 * 1024;

export interface Blobs {
  /** `draft` with every text that is too large stored and replaced by its reference. */
  offload(draft: EventDraft): Promise<EventDraft>;
  /** Stores bytes that no field of an event holds (a picture), to be named by the reference. Throws RetryableError `blob_unwritable`. */
  store(user: UserId, content: Uint8Array): Promise<TextReference>;
  /** The text behind a field. Throws TerminalError `blob_missing` or `blob_corrupt`. */
  load(text: LargeText): Promise<string>;
}

export function createBlobs(connection: NatsConnection): Blobs {
  const reader = new DirectReader(connection, `OBJ_${BLOBS_BUCKET}`);

  async function find(name: string): Promise<ObjectInfo | undefined> {
    const raw = await reader.last(`$O.${BLOBS_BUCKET}.M.${paddedBase64Url(name)}`);
    const info = ObjectInfo.safeParse(raw && parseJson(raw.body)).data;
    return raw && info && { ...info, revision: raw.seq };
  }

  /** Writes once: an object is never replaced, since replacing takes its chunks away from whoever is reading them. */
  async function put(name: string, content: Uint8Array): Promise<void> {
    try {
      const known = await find(name);
      if (known !== undefined && !known.deleted) return;
      const store = await connection.jetstream().views.os(BLOBS_BUCKET);
      await store.putBlob({ name }, content, { previousRevision: known?.revision ?? 0 });
    } catch (cause) {
      // Somebody stored the same content at the same time.
      if (cause instanceof NatsError && cause.api_error?.err_code === WRONG_LAST_SEQUENCE) return;
      throw new RetryableError('blob_unwritable', 'A large object could not be stored.', { cause });
    }
  }

  return {
    async offload(given) {
      const { draft, texts } = planOffload(given);
      for (const [ref, text] of texts) await put(ref, new TextEncoder().encode(text));
      return draft;
    },
    async store(user, content) {
      const reference = referenceFor(user, content);
      await put(reference.ref, content);
      return reference;
    },
    async load(text) {
      if ('text' in text) return text.text;
      const info = await find(text.ref);
      if (info === undefined || info.deleted)
        throw blobFault('blob_missing', text.ref, 'is not in the object store');
      // By direct reads: the client library waits for ever for a chunk that is gone.
      const chunks = await reader.allAt(`$O.${BLOBS_BUCKET}.C.${info.nuid}`);
      const bytes = Buffer.concat(chunks.map(({ body }) => body));
      if (sha256(bytes) !== text.sha256)
        throw blobFault('blob_corrupt', text.ref, 'does not have the hash that the event names');
      return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
    },
  };
}

/** What the store keeps of an object: under which name its chunks stand. */
const ObjectInfo = z.object({ nuid: z.string(), deleted: z.boolean().optional() });
type ObjectInfo = z.infer<typeof ObjectInfo> & { readonly revision: number };

/** Pure: which texts of `draft` move out (each above the limit, then the largest until the rest fits), and `draft` without them. */
export function planOffload(draft: EventDraft): { draft: EventDraft; texts: Map<string, string> } {
  const found = inlineTextsIn(contractOf(draft.type).schema, draft.data).map((field) => ({
    field,
    bytes: Buffer.byteLength(JSON.stringify(field.text)),
  }));
  const references = new Map<unknown, TextReference>();
  const texts = new Map<string, string>();
  let total = found.reduce((sum, { bytes }) => sum + bytes, 0);
  for (const { field, bytes } of found.sort((a, b) => b.bytes - a.bytes)) {
    if (bytes <= INLINE_TEXT_BYTES && total <= EVENT_TEXT_BYTES) break;
    const reference = referenceFor(draft.user, new TextEncoder().encode(field.text));
    references.set(field, reference);
    texts.set(reference.ref, field.text);
    total -= bytes;
  }
  if (texts.size === 0) return { draft, texts };
  return { draft: { ...draft, data: replace(draft.data, references) } as EventDraft, texts };
}

/** `value` with the fields that have a reference replaced by it. */
function replace(value: unknown, references: ReadonlyMap<unknown, TextReference>): unknown {
  const reference = references.get(value);
  if (reference !== undefined) return reference;
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map((member) => replace(member, references));
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, replace(member, references)]),
  );
}

function referenceFor(user: UserId, content: Uint8Array): TextReference {
  const hash = sha256(content);
  return { ref: `${user}/${hash}`, bytes: content.byteLength, sha256: hash };
}

/** As the object store writes names into subjects. */
const paddedBase64Url = (name: string): string =>
  Buffer.from(name).toString('base64').replaceAll('+', '-').replaceAll('/', '_');

const sha256 = (content: string | Uint8Array): string => createHash('sha256').update(content).digest('hex');

const blobFault = (code: string, ref: string, what: string): TerminalError =>
  new TerminalError({
    code,
    message: `The text ${ref} ${what}.`,
    hint: 'Restore the object store AGENTS_BLOBS from a backup.',
  });

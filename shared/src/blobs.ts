// Texts that are too large for an event, in the object store under <user>/<sha256>. What moves out is decided by a pure
// function of the event alone, and the name is the content's hash: writing twice, or replaying, gives the same bytes.
import { createHash } from 'node:crypto';
import type { NatsConnection, ObjectStore } from 'nats';
import type { EventDraft, LargeText, TextReference, UserId } from '@troupe/contracts';
import { INLINE_TEXT_BYTES } from '@troupe/contracts';
import { RetryableError, TerminalError } from './errors.ts';

export const BLOBS_BUCKET = 'AGENTS_BLOBS';
/** What the texts of one event may take together: a message of the server is at most 1 MiB, headers and JSON escapes included. */
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
  let opened: Promise<ObjectStore> | undefined;
  const store = (): Promise<ObjectStore> => (opened ??= connection.jetstream().views.os(BLOBS_BUCKET));
  const put = async (name: string, content: Uint8Array): Promise<void> => {
    await (await store()).putBlob({ name }, content).catch((cause: unknown) => {
      throw new RetryableError('blob_unwritable', 'A large object could not be stored.', { cause });
    });
  };
  return {
    async offload(draft) {
      const { data, texts } = planOffload(draft.user, draft.data);
      if (texts.size === 0) return draft;
      for (const [ref, text] of texts) await put(ref, new TextEncoder().encode(text));
      return { ...draft, data } as EventDraft;
    },
    async store(user, content) {
      const reference = referenceFor(user, content);
      await put(reference.ref, content);
      return reference;
    },
    async load(text) {
      if ('text' in text) return text.text;
      const bytes = await (await store()).getBlob(text.ref);
      if (bytes === null) throw blobFault('blob_missing', text.ref, 'is not in the object store');
      if (sha256(bytes) !== text.sha256)
        throw blobFault('blob_corrupt', text.ref, 'does not have the hash that the event names');
      return new TextDecoder().decode(bytes);
    },
  };
}

/** Pure: which texts of `data` move out (each above the limit, then the largest until the rest fits), and `data` without them. */
export function planOffload<T>(user: UserId, data: T): { data: T; texts: Map<string, string> } {
  const found = new Map<object, number>();
  collect(data, found);
  const moving = new Set<object>();
  let total = [...found.values()].reduce((sum, bytes) => sum + bytes, 0);
  for (const [field, bytes] of [...found].sort(([, a], [, b]) => b - a)) {
    if (bytes <= INLINE_TEXT_BYTES && total <= EVENT_TEXT_BYTES) break;
    moving.add(field);
    total -= bytes;
  }
  const texts = new Map<string, string>();
  if (moving.size === 0) return { data, texts };
  const replaced = replace(data, (field) => {
    if (!moving.has(field)) return undefined;
    const reference = referenceFor(user, new TextEncoder().encode(field.text));
    texts.set(reference.ref, field.text);
    return reference;
  });
  return { data: replaced as T, texts };
}

/** A LargeText that holds its text is an object whose only member is `text`. */
const isInlineText = (value: object): value is { text: string } =>
  'text' in value && typeof value.text === 'string' && Object.keys(value).length === 1;

function collect(value: unknown, found: Map<object, number>): void {
  if (value === null || typeof value !== 'object') return;
  if (isInlineText(value)) found.set(value, Buffer.byteLength(value.text));
  else for (const member of Object.values(value)) collect(member, found);
}

function replace(value: unknown, by: (field: { text: string }) => object | undefined): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map((member) => replace(member, by));
  if (isInlineText(value)) return by(value) ?? value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, replace(member, by)]));
}

function referenceFor(user: UserId, content: Uint8Array): TextReference {
  const hash = sha256(content);
  return { ref: `${user}/${hash}`, bytes: content.byteLength, sha256: hash };
}

const sha256 = (content: string | Uint8Array): string => createHash('sha256').update(content).digest('hex');

const blobFault = (code: string, ref: string, what: string): TerminalError =>
  new TerminalError({
    code,
    message: `The text ${ref} ${what}.`,
    hint: 'Restore the object store AGENTS_BLOBS from a backup.',
  });

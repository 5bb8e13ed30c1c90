// The one type of every field that can be large: the text itself, or a reference into the object store.
// The kernel moves texts out of an event that would grow too big and loads them back; see the kernel's blobs.
import { z } from 'zod';

/** A text above this many bytes (UTF-8) is stored as an object and named by reference. */
export const INLINE_TEXT_BYTES = 256 * 1024;

export const TextReference = z.object({
  ref: z.string().describe('object name, <user>/<sha256>'),
  bytes: z.int().nonnegative(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});
export type TextReference = z.infer<typeof TextReference>;

export const LargeText = z.union([z.object({ text: z.string() }), TextReference]);
export type LargeText = z.infer<typeof LargeText>;

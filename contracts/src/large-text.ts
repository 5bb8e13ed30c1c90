// The one type of every field that can be large: the text itself, or a reference into the object store.
// The kernel moves texts out of an event that would grow too big and loads them back; see the kernel's blobs.
import { z } from 'zod';

/** A text that takes more than this many bytes as JSON (UTF-8) is stored as an object and named by reference. */
export const INLINE_TEXT_BYTES = 256 * 1024;

export const TextReference = z.object({
  ref: z.string().describe('object name, <user>/<sha256>'),
  bytes: z.int().nonnegative(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});
export type TextReference = z.infer<typeof TextReference>;

export const LargeText = z.union([z.object({ text: z.string() }), TextReference]);
export type LargeText = z.infer<typeof LargeText>;

export type InlineText = Extract<LargeText, { text: string }>;

/**
 * The texts that stand in `value` itself, in the order of `schema`, which it satisfies. Free JSON is not looked into: a
 * member `text` of a tool's arguments is not a field of ours.
 */
export function inlineTextsIn(schema: unknown, value: unknown): InlineText[] {
  if (value === undefined) return [];
  if (schema === LargeText) return 'text' in (value as LargeText) ? [value as InlineText] : [];
  if (schema instanceof z.ZodOptional) return inlineTextsIn(schema.unwrap(), value);
  if (schema instanceof z.ZodArray)
    return (value as unknown[]).flatMap((member) => inlineTextsIn(schema.element, member));
  if (schema instanceof z.ZodUnion)
    return inlineTextsIn(
      schema.options.find((option) => z.safeParse(option, value).success),
      value,
    );
  if (schema instanceof z.ZodObject)
    return Object.entries(schema.shape).flatMap(([name, member]) =>
      inlineTextsIn(member, (value as Record<string, unknown>)[name]),
    );
  return [];
}

// JSON values and their canonical text: equal values have equal text, so that a hash names a value.
import { createHash } from 'node:crypto';
import { z } from 'zod';

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
export type JsonObject = Record<string, Json>;

/** More than any writer lets through; whatever reads a value level by level has stack for it. */
const MAX_LEVELS = 256;

/**
 * Whether `value` is JSON: no numbers out of range, no `__proto__`, at most 256 levels. By hand: zod's own json() takes up to 18 s
 * for a megabyte that a stranger may send, in which nobody else is served.
 */
function isJson(value: unknown, levels = MAX_LEVELS): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object') return typeof value === 'string' || typeof value === 'boolean';
  if (value === null) return true;
  if (levels === 0) return false;
  if (Array.isArray(value)) return value.every((member) => isJson(member, levels - 1));
  return Object.keys(value).every(
    (key) => key !== '__proto__' && isJson((value as Record<string, unknown>)[key], levels - 1),
  );
}

const rule = 'must be JSON, its numbers in range, without a member "__proto__", at most 256 levels deep';
export const Json = z.unknown().refine((value) => isJson(value), rule) as unknown as z.ZodType<Json, Json>;
export const JsonObject = z
  .record(z.string(), z.unknown())
  .refine((value) => isJson(value), rule) as unknown as z.ZodType<JsonObject, JsonObject>;

/** The text of `value` with object keys sorted at every depth and `undefined` members left out. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) =>
    member !== null && typeof member === 'object' && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
      : member,
  );
}

/** The sha256 (hex) of a value's canonical text. */
export function hashOf(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex');
}

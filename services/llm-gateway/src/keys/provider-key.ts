// A key as it was configured, and lists of keys as text. The secret is private to the object: whatever writes the object down, on purpose or
// not, shows its id, and what is said of a wrong list names positions, never text.
import { hash } from 'node:crypto';
import { z } from 'zod';

export class ProviderKey {
  /** The first 8 hex digits of the SHA-256 of the secret. */
  readonly id: string;
  readonly group: string;
  readonly #secret: string;

  /** Without a group the key has limits of its own. */
  constructor(secret: string, group?: string) {
    this.#secret = secret;
    this.id = hash('sha256', secret).slice(0, 8);
    this.group = group ?? this.id;
  }

  get secret(): string {
    return this.#secret;
  }
}

export type ParsedKeys =
  | { readonly kind: 'keys'; readonly keys: readonly ProviderKey[] }
  /** `rule` is what the list breaks, without any of its text. */
  | { readonly kind: 'wrong'; readonly rule: string };

const SECRET = /^[\x21-\x7e]{8,256}$/;
const GROUP = /^[\w.-]{1,64}$/;

/** Keys with commas or line ends between them, each optionally as `key@group`. Of one that stands there twice the first counts. */
export function parseKeys(text: string): ParsedKeys {
  const parts = text
    .split(/[,\r\n]/)
    .map((part) => part.trim())
    .filter((part) => part !== '');
  if (parts.length === 0) return { kind: 'wrong', rule: 'must hold at least one key' };
  const keys = new Map<string, ProviderKey>();
  for (const [index, part] of parts.entries()) {
    const [secret = '', group, ...more] = part.split('@');
    if (!SECRET.test(secret))
      return wrong(index, 'must be 8 to 256 visible ASCII characters without commas, spaces and @');
    if (more.length > 0 || (group !== undefined && !GROUP.test(group)))
      return wrong(index, 'must name its quota group behind one @ with letters, digits, _, . and -');
    const key = new ProviderKey(secret, group);
    if (!keys.has(key.id)) keys.set(key.id, key);
  }
  return { kind: 'keys', keys: [...keys.values()] };
}

/** One key, of any form that a header takes: a local server may want none in particular. */
export function parseKey(text: string): ParsedKeys {
  const secret = text.trim();
  return /^[\x21-\x7e]+$/.test(secret)
    ? { kind: 'keys', keys: [new ProviderKey(secret)] }
    : { kind: 'wrong', rule: 'must be one key of visible ASCII without spaces' };
}

const wrong = (index: number, rule: string): ParsedKeys => ({
  kind: 'wrong',
  rule: `must be a list of keys, and key ${index + 1} of it ${rule}`,
});

/** A setting that holds such a list. */
export const keyList = () =>
  z
    .string()
    .refine(
      (text) => parseKeys(text).kind === 'keys',
      'must be keys with commas or line ends between them, each optionally with @ and its quota group',
    )
    .transform((text): readonly ProviderKey[] => {
      const parsed = parseKeys(text);
      return parsed.kind === 'keys' ? parsed.keys : [];
    });

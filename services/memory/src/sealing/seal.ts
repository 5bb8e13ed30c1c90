// Sealing: AES-256-GCM with associated data, so that what was sealed for one place cannot be opened in another. The nonce is drawn here
// and is no parameter: one that is used twice gives the key away. Names are keyed hashes: nobody without the key can guess what they name.
import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Nonce, ciphertext and tag, in base64. Only who has the key and names the same `place` opens it. */
export function seal(key: KeyObject, plain: Uint8Array, place: readonly string[]): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(unambiguous(place));
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]).toString('base64');
}

/** Undefined for what was sealed with another key or for another place, or was changed. */
export function open(key: KeyObject, sealed: string, place: readonly string[]): Buffer | undefined {
  const bytes = Buffer.from(sealed, 'base64');
  if (bytes.length < NONCE_BYTES + TAG_BYTES) return undefined;
  const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAAD(unambiguous(place));
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
  } catch {
    return undefined;
  }
}

/** 128 bits in hex. */
export const keyedName = (key: KeyObject, parts: readonly string[]): string =>
  createHmac('sha256', key).update(unambiguous(parts)).digest('hex').slice(0, 32);

/** No two lists of parts are one text. */
const unambiguous = (parts: readonly string[]): Buffer => Buffer.from(JSON.stringify(parts));

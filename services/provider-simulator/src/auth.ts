// API keys: any will do but none and the one named `invalid`. A key is looked at, hashed and forgotten; only the hash's
// prefix is ever recorded or shown.
import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { ApiError, type Family } from './protocol/errors.ts';

const REFUSED_KEY = 'invalid';

function keyOf(headers: IncomingHttpHeaders): string {
  const bearer = /^Bearer\s+(\S+)$/i.exec(headers.authorization ?? '')?.[1];
  return bearer ?? headers['x-api-key']?.toString() ?? '';
}

/** The first 12 hex digits of the key's SHA-256; empty without a key. */
export function keyHashOf(headers: IncomingHttpHeaders): string {
  const key = keyOf(headers);
  return key === '' ? '' : createHash('sha256').update(key).digest('hex').slice(0, 12);
}

/** Throws ApiError with the provider's own 401. */
export function authenticate(family: Family, headers: IncomingHttpHeaders): void {
  const key = keyOf(headers);
  if (key !== '' && key !== REFUSED_KEY) return;
  throw new ApiError({ status: 401, message: refusal(family, key === '') });
}

function refusal(family: Family, missing: boolean): string {
  if (family === 'anthropic') return missing ? 'x-api-key header is required' : 'invalid x-api-key';
  return missing
    ? 'No API key was provided. [provider-simulator]'
    : 'Incorrect API key provided. [provider-simulator]';
}

// What every event of the typed streams has. The SDKs hand over whatever JSON stood in a line, null included. Pure.
import { ProviderError } from './fault-of.ts';

/** Throws ProviderError `malformed` for what is no event. */
export function eventType(raw: unknown): string {
  const type = typeof raw === 'object' && raw !== null && 'type' in raw ? raw.type : undefined;
  if (typeof type !== 'string') throw new ProviderError({ kind: 'malformed' });
  return type;
}

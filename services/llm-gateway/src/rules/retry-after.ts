// How long a provider asks to be left alone. Pure.

/** Milliseconds from `retry-after-ms`, else `retry-after` (seconds, or an HTTP date seen at `now`); undefined if neither makes sense. */
export function retryAfterMs(header: (name: string) => string | null, now: number): number | undefined {
  const milliseconds = amount(header('retry-after-ms'));
  if (milliseconds !== undefined) return milliseconds;
  const text = header('retry-after');
  const seconds = amount(text);
  if (seconds !== undefined) return seconds * 1_000;
  // Only text with a weekday: Date.parse takes nearly anything for a date.
  const date = Date.parse(/^[A-Za-z]{3,9}, /.exec(text ?? '') ? (text ?? '') : '');
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

const amount = (text: string | null): number | undefined =>
  text !== null && /^\s*\d+(\.\d+)?\s*$/.test(text) ? Number(text) : undefined;

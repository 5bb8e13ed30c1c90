// Waiting for what another process does: by looking again, never by a fixed sleep, and never for ever.
import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_EVERY_MS = 20;

/** Long enough for a machine that does much else; who waits for something else than a condition says how long. */
const WITHIN_MS = 30_000;

/** Resolves with what `look` gives once it is not undefined or false. Rejects after `withinMs`, naming `what` was waited for. */
export async function until<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  withinMs = WITHIN_MS,
  everyMs = LOOK_EVERY_MS,
): Promise<T> {
  const end = performance.now() + withinMs;
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    if (performance.now() > end) throw new Error(`${what}: not within ${withinMs} ms`);
    await sleep(everyMs);
  }
}

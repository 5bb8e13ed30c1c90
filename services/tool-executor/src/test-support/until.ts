// Waiting for something to become true, never for ever.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

const PATIENCE_MS = 40_000;

/** The first value of `look` that is not undefined or false. Fails after 40 s, naming `what` did not happen. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
): Promise<T> {
  const giveUp = Date.now() + PATIENCE_MS;
  while (Date.now() < giveUp) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    await sleep(5);
  }
  assert.fail(`it did not happen in ${PATIENCE_MS} ms that ${what}`);
}

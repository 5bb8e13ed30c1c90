// Waits until a server answers on its health address. Bounded and cancellable; a server that ends meanwhile is an
// error at once, with the last lines it wrote.
import { setTimeout as sleep } from 'node:timers/promises';
import { SetupError } from '../setup-error.ts';
import type { GuardedProcess } from './guarded-process.ts';

const POLL_MS = 25;
const ANSWER_MS = 1_000;

export type Wait = { readonly withinMs: number; readonly signal?: AbortSignal | undefined };

/** Resolves at the first 2xx answer. Errors: `process_ended`, `not_ready`, or the reason of `signal`. */
export async function untilHealthy(
  server: GuardedProcess,
  url: string,
  { withinMs, signal }: Wait,
): Promise<void> {
  const until = Date.now() + withinMs;
  const ended = server.exited.then((exit) => {
    throw endedEarly(server, exit);
  });
  ended.catch(() => undefined); // it may also end long after this wait
  while (!(await Promise.race([answers(url), ended]))) {
    signal?.throwIfAborted();
    if (Date.now() > until) {
      throw new SetupError(
        'not_ready',
        `${server.name} runs but was not healthy within ${withinMs / 1000} s. Its last lines:\n${server.tail()}`,
      );
    }
    await sleep(POLL_MS);
  }
  signal?.throwIfAborted();
}

export function endedEarly(
  server: GuardedProcess,
  { code, signal }: Awaited<GuardedProcess['exited']>,
): SetupError {
  const how = signal === null ? `code ${code ?? 'unknown'}` : signal;
  return new SetupError(
    'process_ended',
    `${server.name} ended (${how}) before it was ready. Its last lines:\n${server.tail()}`,
  );
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false; // not listening yet
  }
}

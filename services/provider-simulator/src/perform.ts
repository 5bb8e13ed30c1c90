// Carries the steps of a delivery out on a real connection. Every wait ends when the client leaves, so that no call
// outlives its caller.
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Step } from './faults/delivery.ts';
import type { Sent } from './ledger.ts';
import type { Usage } from './model/tokens.ts';

export interface Performed extends Sent {
  /** done: all steps were carried out. aborted: the client closed the connection before that. */
  readonly ending: 'done' | 'aborted';
}

export async function perform(steps: readonly Step[], response: ServerResponse): Promise<Performed> {
  let told: Usage | undefined;
  let said = 0;
  const client = new AbortController();
  const leave = (): void => {
    // A kept-alive response closes after it finished, too.
    if (!response.writableFinished) client.abort();
  };
  response.on('close', leave).on('error', leave);
  try {
    for (const step of steps) {
      await carryOut(step, response, client.signal);
      client.signal.throwIfAborted();
      if (step.kind !== 'write' && step.kind !== 'end') continue;
      told = step.tells ?? told;
      said += step.says;
    }
    return { ending: 'done', told, said };
  } catch (error) {
    if (client.signal.aborted) return { ending: 'aborted', told, said };
    throw error;
  }
}

async function carryOut(step: Step, response: ServerResponse, client: AbortSignal): Promise<void> {
  switch (step.kind) {
    case 'wait':
      await (step.ms === null
        ? once(response, 'close', { signal: client })
        : sleep(step.ms, undefined, { signal: client }));
      return;
    case 'head':
      response.writeHead(step.status, step.headers);
      return;
    case 'write':
      await flush(step.text, response);
      return;
    case 'end':
      response.end(step.text);
      await once(response, 'finish', { signal: client });
      return;
    case 'hang_up':
      response.destroy();
      return;
    case 'reset':
      response.socket?.resetAndDestroy();
  }
}

/** Resolves when the text, and the headers before it, have left the process, or cannot leave any more. */
async function flush(text: string, response: ServerResponse): Promise<void> {
  if (text === '') response.flushHeaders();
  else await new Promise<void>((resolve) => response.write(text, () => resolve()));
}

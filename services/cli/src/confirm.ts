// Asks a person at a terminal for a yes.
import { createInterface } from 'node:readline';

export interface Terminal {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
  readonly signal: AbortSignal;
}

/** Whether the answer was `y` or `yes`; anything else, nothing and the end of the input are a no. Rejects with the signal's reason. */
export function confirmed(question: string, { input, output, signal }: Terminal): Promise<boolean> {
  // Not as a terminal: then Ctrl-C would be a character, and no signal.
  const lines = createInterface({ input, output, terminal: false });
  return new Promise<boolean>((resolve, reject) => {
    const interrupt = (): void => reject(signal.reason as Error);
    if (signal.aborted) interrupt();
    signal.addEventListener('abort', interrupt, { once: true });
    lines.once('line', (answer) => resolve(/^\s*y(es)?\s*$/i.test(answer)));
    lines.once('close', () => resolve(false));
    output.write(`${question} [y/N] `);
  }).finally(() => lines.close());
}

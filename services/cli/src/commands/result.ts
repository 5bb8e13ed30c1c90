// `troupe result`: the result of a run that has ended, or of one that ends soon enough.
import { openClient, resultIn, resultOf } from '../client.ts';
import type { Command } from '../command.ts';
import { readConfig } from '../config.ts';
import { EXIT } from '../exit-codes.ts';
import { USER, userOf, waiting, workflowOf } from '../flags.ts';
import { notFound, showResult } from '../outcome.ts';
import { say } from '../terminal.ts';

const WAIT_SECONDS = { min: 0, max: 86_400, byDefault: 0 };

export const result: Command = {
  name: 'result',
  says: 'prints the result of a run',
  argument: '<workflow>',
  flags: {
    user: USER,
    json: { says: 'print the whole result as one line of JSON' },
    timeout: { value: 'seconds', says: 'how long to wait for a run that goes on (default: 0)' },
  },
  async run(given, interrupted) {
    const key = { user: userOf(given), workflow: workflowOf(given.argument) };
    const { signal } = waiting(given, interrupted, WAIT_SECONDS);
    await using kernel = await openClient(readConfig().NATS_URL);
    const newest = await kernel.log.read.head(key);
    if (newest === undefined) return notFound(key);
    try {
      const ended = resultIn(newest) ?? (await resultOf(kernel, key, { signal }));
      return showResult(ended, given.isOn('json'));
    } catch (error) {
      if (interrupted.aborted || !signal.aborted) throw error;
      say(`– ${key.workflow} goes on. Wait for it with --timeout, watch it with \`troupe events --follow\`.`);
      return EXIT.waitedTooLong;
    }
  },
};

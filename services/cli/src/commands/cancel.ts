// `troupe cancel`: asks a run to stop, and waits until it has.
import { knock, openClient, resultIn, resultOf } from '../client.ts';
import type { Command } from '../command.ts';
import { readConfig } from '../config.ts';
import { EXIT } from '../exit-codes.ts';
import { USER, userOf, waiting, workflowOf } from '../flags.ts';
import { endOf, notFound } from '../outcome.ts';
import { say } from '../terminal.ts';

const WAIT_SECONDS = { min: 1, max: 3_600, byDefault: 10 };

export const cancel: Command = {
  name: 'cancel',
  says: 'stops a run',
  argument: '<workflow>',
  flags: {
    user: USER,
    reason: { value: 'text', says: 'stands in the log and in the result' },
    timeout: { value: 'seconds', says: `how long to wait for its end (default: ${WAIT_SECONDS.byDefault})` },
  },
  async run(given, interrupted) {
    const key = { user: userOf(given), workflow: workflowOf(given.argument) };
    const { seconds, signal } = waiting(given, interrupted, WAIT_SECONDS);
    await using kernel = await openClient(readConfig().NATS_URL);
    const newest = await kernel.log.read.head(key);
    if (newest === undefined) return notFound(key);
    const before = resultIn(newest);
    if (before !== undefined) {
      say(`– ${key.workflow} had ended before: ${endOf(before)}`);
      return EXIT.ok;
    }
    const reason = given.text('reason');
    await knock(kernel, 'workflow.cancel_requested', key.user, {
      workflow_id: key.workflow,
      ...(reason === undefined ? {} : { reason }),
    });
    try {
      const ended = await resultOf(kernel, key, { signal });
      say(`✔ ${key.workflow} has ended: ${endOf(ended)}`);
      return EXIT.ok;
    } catch (error) {
      if (interrupted.aborted || !signal.aborted) throw error;
      say(`! The request to cancel ${key.workflow} is stored, but it has not ended within ${seconds} s.`);
      return EXIT.waitedTooLong;
    }
  },
};

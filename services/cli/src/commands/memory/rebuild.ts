// `troupe memory rebuild`: has a user's memory made anew from the log, and follows that.
import type { RebuildJob } from '@troupe/contracts';
import { rpc } from '@troupe/contracts';
import { openClient } from '../../client.ts';
import type { Command } from '../../command.ts';
import { readConfig } from '../../config.ts';
import { EXIT } from '../../exit-codes.ts';
import { userOf, WHOSE_MEMORY } from '../../flags.ts';
import { onOneLine, print, printJson, say } from '../../terminal.ts';
import { memoryOf } from './ask.ts';
import { followJob, waitingLine } from './follow-job.ts';

export const rebuild: Command = {
  name: 'memory rebuild',
  says: 'makes the memory of a user anew from the log',
  flags: {
    user: WHOSE_MEMORY,
    json: { says: 'print the job as one line of JSON when it is done' },
  },
  async run(given, signal) {
    const user = userOf(given);
    await using kernel = await openClient(readConfig().NATS_URL);
    const memory = memoryOf(kernel, user);
    const asked = await memory(rpc.rebuildMemory, {});
    try {
      const job = await followJob(memory, asked, { line: progressOf, signal });
      if (given.isOn('json')) printJson(job);
      else print(`✔ The memory of ${user} is rebuilt from ${job.events.projected} events.`);
      return EXIT.ok;
    } catch (error) {
      if (!signal.aborted) throw error;
      say(`Interrupted. The rebuild goes on; \`troupe memory rebuild --user ${user}\` follows it again.`);
      return EXIT.interrupted;
    }
  },
};

const progressOf = (job: RebuildJob): string =>
  onOneLine(waitingLine(job) ?? `  ${job.events.projected} of ${job.events.total} events`);

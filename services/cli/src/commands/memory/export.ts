// `troupe memory export`: everything that memory holds of a user, opened, as lines of JSON.
import { open, rm } from 'node:fs/promises';
import type { MemoryItem } from '@troupe/contracts';
import { openClient } from '../../client.ts';
import type { Command } from '../../command.ts';
import { UsageError } from '../../command.ts';
import { readConfig } from '../../config.ts';
import { EXIT } from '../../exit-codes.ts';
import { userOf, WHOSE_MEMORY } from '../../flags.ts';
import { printJson, say } from '../../terminal.ts';
import { memoryOf, recordsOf } from './ask.ts';

export const exportMemory: Command = {
  name: 'memory export',
  says: 'prints all that memory holds of a user, one JSON object a line',
  flags: {
    user: WHOSE_MEMORY,
    file: { value: 'file', says: 'write a new file, readable by you alone, instead of stdout' },
  },
  async run(given, signal) {
    const user = userOf(given);
    const file = given.text('file');
    await using kernel = await openClient(readConfig().NATS_URL);
    const records = recordsOf(memoryOf(kernel, user), { workflow: undefined, limit: Infinity, signal });
    const count = file === undefined ? await toStdout(records) : await toFile(records, file);
    say(
      `✔ ${count} ${count === 1 ? 'record' : 'records'} of ${user}${file === undefined ? '' : ` in ${file}`}`,
    );
    return EXIT.ok;
  },
};

async function toStdout(records: AsyncIterable<MemoryItem>): Promise<number> {
  let count = 0;
  for await (const record of records) {
    printJson(record);
    count += 1;
  }
  return count;
}

/** All of them, or no file. */
async function toFile(records: AsyncIterable<MemoryItem>, file: string): Promise<number> {
  const opened = await open(file, 'wx', 0o600).catch((error: unknown) => {
    const why = (error as NodeJS.ErrnoException).code === 'EEXIST' ? 'exists' : 'cannot be written';
    throw new UsageError(
      `--file: ${file} ${why}.`,
      'Name a file that is not there yet, in a folder that is.',
    );
  });
  try {
    await using handle = opened;
    let count = 0;
    for await (const record of records) {
      await handle.appendFile(`${JSON.stringify(record)}\n`);
      count += 1;
    }
    return count;
  } catch (error) {
    await rm(file, { force: true });
    throw error;
  }
}

// `troupe memory list`: a user's records, each with the id by which it can be forgotten.
import type { MemoryItem } from '@troupe/contracts';
import { openClient } from '../../client.ts';
import type { Command } from '../../command.ts';
import { readConfig } from '../../config.ts';
import { EXIT } from '../../exit-codes.ts';
import { JSON_LINES, numberOf, userOf, WHOSE_MEMORY, workflowOf } from '../../flags.ts';
import { onOneLine, print, printJson, say } from '../../terminal.ts';
import { memoryOf, recordsOf } from './ask.ts';

const LIMIT = { min: 1, max: 1_000_000, byDefault: 20 };
const TEXT = 160;

export const listMemory: Command = {
  name: 'memory list',
  says: 'lists what memory holds of a user',
  flags: {
    user: WHOSE_MEMORY,
    workflow: { value: 'id', says: 'only what this run left' },
    limit: { value: 'n', says: `at most this many (default: ${LIMIT.byDefault})` },
    json: JSON_LINES,
  },
  async run(given, signal) {
    const user = userOf(given);
    const named = given.text('workflow');
    const workflow = named === undefined ? undefined : workflowOf(named);
    const limit = Math.floor(numberOf(given, 'limit', LIMIT));
    await using kernel = await openClient(readConfig().NATS_URL);
    let count = 0;
    for await (const record of recordsOf(memoryOf(kernel, user), { workflow, limit, signal })) {
      count += 1;
      if (given.isOn('json')) printJson(record);
      else print(listLine(record));
    }
    if (count === 0)
      say(`– Memory holds nothing of ${workflow === undefined ? '' : `${workflow} of `}${user}.`);
    return EXIT.ok;
  },
};

function listLine({ id, created_at, workflow_id, label, text }: MemoryItem): string {
  const start = text.length > TEXT ? `${text.slice(0, TEXT - 1)}…` : text;
  return onOneLine([id, created_at, workflow_id.padEnd(24), label.padEnd(10), start].join('  '));
}

// `troupe memory search`: what a run of this user would recall, by the same query that runs make.
import type { MemorySnippet } from '@troupe/contracts';
import { rpc } from '@troupe/contracts';
import { openClient } from '../../client.ts';
import type { Command } from '../../command.ts';
import { readConfig } from '../../config.ts';
import { EXIT } from '../../exit-codes.ts';
import { JSON_LINES, numberOf, userOf, WHOSE_MEMORY, workflowOf } from '../../flags.ts';
import { harmless, print, printJson, say } from '../../terminal.ts';
import { memoryOf, sayWhatIsMissing } from './ask.ts';

const K = { min: 1, max: 50, byDefault: 4 };

export const search: Command = {
  name: 'memory search',
  says: "finds what a user's runs left that is about something",
  argument: '"<query>"',
  flags: {
    user: WHOSE_MEMORY,
    k: { value: 'n', says: `at most this many (default: ${K.byDefault})` },
    workflow: { value: 'id', says: 'only what this run left' },
    json: JSON_LINES,
  },
  async run(given) {
    const user = userOf(given);
    const k = Math.floor(numberOf(given, 'k', K));
    const workflow = given.text('workflow');
    const only = workflow === undefined ? {} : { workflow_id: workflowOf(workflow) };
    await using kernel = await openClient(readConfig().NATS_URL);
    const found = await memoryOf(kernel, user)(rpc.searchMemory, { query: given.argument, k, ...only });
    for (const snippet of found.snippets) {
      if (given.isOn('json')) printJson(snippet);
      else print(paragraph(snippet));
    }
    if (found.snippets.length === 0) say(`– ${user} has no memory that is near enough to this.`);
    sayWhatIsMissing(found);
    return EXIT.ok;
  },
};

function paragraph({ score, label, workflow_id, created_at, age_days, text }: MemorySnippet): string {
  const age = age_days === undefined ? created_at : `${age_days} ${age_days === 1 ? 'day' : 'days'} old`;
  const source = `${label === 'remembered' ? 'remembered by' : 'left by'} ${workflow_id}`;
  return `${score.toFixed(2)}  ${source}, ${age}\n${indented(harmless(text))}`;
}

const indented = (text: string): string => text.replaceAll(/^/gm, '      ');

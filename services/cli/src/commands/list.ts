// `troupe list`: a user's runs, newest first, from the projection of the log: it follows the log by a moment.
import type { RunSummary } from '@troupe/contracts';
import { openClient } from '../client.ts';
import type { Command } from '../command.ts';
import { readConfig } from '../config.ts';
import { EXIT } from '../exit-codes.ts';
import { JSON_LINES, numberOf, USER, userOf } from '../flags.ts';
import { duration } from '../progress.ts';
import { onOneLine, print, printJson, say } from '../terminal.ts';

const LIMIT = { min: 1, max: 1_000, byDefault: 20 };

export const list: Command = {
  name: 'list',
  says: 'lists the newest runs of a user',
  flags: {
    user: USER,
    limit: { value: 'n', says: `at most this many (default: ${LIMIT.byDefault})` },
    json: JSON_LINES,
    rebuild: { says: "print nothing; have planners make everybody's list anew from the log" },
  },
  async run(given) {
    const user = userOf(given);
    const limit = Math.floor(numberOf(given, 'limit', LIMIT));
    await using kernel = await openClient(readConfig().NATS_URL);
    if (given.isOn('rebuild')) {
      await kernel.runs.rebuild();
      say("✔ Everybody's list was emptied. Planners fill it again from the log, while they run.");
      return EXIT.ok;
    }
    const runs = await kernel.runs.list(user, { limit });
    for (const summary of runs) {
      if (given.isOn('json')) printJson(summary);
      else print(listLine(summary));
    }
    if (runs.length === 0) say(`– ${user} has no runs.`);
    return EXIT.ok;
  },
};

const MARKS = { running: '▸', completed: '✔', failed: '✖', cancelled: '–', disabled: '–' } as const;

function listLine(summary: RunSummary): string {
  const { status, workflow_id, requested_at, finished_at, error_code, goal } = summary;
  const ended = error_code === undefined ? status : `${status} (${error_code})`;
  const took = finished_at === undefined ? '' : duration(requested_at, finished_at);
  const columns = [ended.padEnd(9), workflow_id.padEnd(24), requested_at, took.padStart(8), goal];
  return onOneLine(`${MARKS[status]} ${columns.join('  ')}`);
}

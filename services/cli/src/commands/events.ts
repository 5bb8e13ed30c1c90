// `troupe events`: a run's log, for people as a timeline, for programs as CloudEvents.
import { openClient } from '../client.ts';
import type { Command } from '../command.ts';
import { readConfig } from '../config.ts';
import { EXIT } from '../exit-codes.ts';
import { JSON_LINES, USER, userOf, workflowOf } from '../flags.ts';
import { notFound } from '../outcome.ts';
import { print, printJson } from '../terminal.ts';
import { cloudEvent, timelineLine } from '../timeline.ts';

export const events: Command = {
  name: 'events',
  says: 'prints what happened in a run',
  argument: '<workflow>',
  flags: {
    user: USER,
    follow: { says: 'go on until the run ends' },
    json: { says: `${JSON_LINES.says}: CloudEvents` },
  },
  async run(given, interrupted) {
    const key = { user: userOf(given), workflow: workflowOf(given.argument) };
    await using kernel = await openClient(readConfig().NATS_URL);
    if ((await kernel.log.read.head(key)) === undefined) return notFound(key);
    const log = given.isOn('follow') ? kernel.log.follow(key, interrupted) : await kernel.log.read.whole(key);
    for await (const event of log) {
      if (given.isOn('json')) printJson(cloudEvent(event));
      else print(timelineLine(event));
    }
    return EXIT.ok;
  },
};

// `troupe events`: a run's log, for people as a timeline, for programs as CloudEvents; of a run that was erased, what the archive keeps.
import type { Skeleton, StoredEvent } from '@troupe/contracts';
import { readSkeleton } from '../archive.ts';
import { openClient } from '../client.ts';
import type { Command } from '../command.ts';
import { readConfig } from '../config.ts';
import { EXIT } from '../exit-codes.ts';
import { JSON_LINES, USER, userOf, workflowOf } from '../flags.ts';
import { notFound } from '../outcome.ts';
import { print, printJson, say } from '../terminal.ts';
import { cloudEvent, erasedCloudEvent, erasedLine, timelineLine } from '../timeline.ts';

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
    const [newest, skeleton] = await Promise.all([kernel.log.read.head(key), readSkeleton(kernel, key)]);
    if (skeleton !== undefined && (newest === undefined || isOf(skeleton, newest)))
      return showErased(skeleton, given.isOn('json'));
    if (newest === undefined) return notFound(key);
    if (skeleton !== undefined) say(`– A run of this id before it was erased at ${skeleton.erased_at}.`);
    const log = given.isOn('follow') ? kernel.log.follow(key, interrupted) : await kernel.log.read.whole(key);
    for await (const event of log) {
      if (given.isOn('json')) printJson(cloudEvent(event));
      else print(timelineLine(event));
    }
    return EXIT.ok;
  },
};

/** Whether this event is one that the erasure, which has not come to its end, is about: then the log has gaps. */
const isOf = ({ events }: Skeleton, { position }: StoredEvent): boolean =>
  events.some(({ seq }) => seq === position.seq);

function showErased(skeleton: Skeleton, asJson: boolean): number {
  for (const bones of skeleton.events) {
    if (asJson) printJson(erasedCloudEvent(skeleton, bones));
    else print(erasedLine(bones));
  }
  say(
    `– The run ${skeleton.workflow} of ${skeleton.user} was erased at ${skeleton.erased_at}: what it said is gone.`,
  );
  return EXIT.ok;
}

// `npm run bench:gateway`: what a model call costs through our gateway over NATS, through Portkey's over HTTP, and past both, in
// one run against one provider-simulator. The result goes to stdout, what is going on to stderr.
import { conditionOfRounds } from '../support/bench-options.ts';
import { conditionsOf, report, runCommand } from '../support/command.ts';
import { measureRounds } from './measure.ts';
import type { Options } from './options.ts';
import { readOptions, USAGE } from './options.ts';
import { pathsOf } from './paths.ts';
import { PORTKEY_VERSION } from './portkey.ts';
import { resultOf } from './result.ts';
import { startSystem } from './system.ts';
import { tableOf } from './table.ts';

const PROCESSES = 'one process each: simulator, gateway, nats-server, load generator';

async function run(options: Options): Promise<void> {
  const { json, parts: contenders, profileDir, rounds, seconds } = options;
  const conditions = conditionsOf(`Portkey ${PORTKEY_VERSION}`, PROCESSES, conditionOfRounds(options));
  report(conditions);
  const paths = pathsOf(contenders);
  const portkey = contenders.some((contender) => contender !== 'troupe');
  await using system = await startSystem({ portkey, profileDir, report });
  const repetitions = await measureRounds(system, { paths, rounds, seconds, report });
  process.stdout.write(
    json
      ? `${JSON.stringify(resultOf(repetitions, paths))}\n`
      : `${conditions}\n\n${tableOf(repetitions, paths)}`,
  );
}

await runCommand({ usage: USAGE, read: readOptions, run });

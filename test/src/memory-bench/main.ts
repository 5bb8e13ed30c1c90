// `npm run bench:memory`: how fast memory is searched and filled, what of it is ours rather than Chroma's, and what many users hold open.
// How, and what the figures mean: docs/bench-memory.md. The result goes to stdout, what is going on to stderr.
import { conditionOfRounds } from '../support/bench-options.ts';
import { conditionsOf, report, runCommand } from '../support/command.ts';
import type { Options, Stage } from './options.ts';
import { readOptions, USAGE } from './options.ts';
import { resultOf } from './result.ts';
import { measureSizes } from './stages/sizes.ts';
import { measureThousandUsers } from './stages/thousand-users.ts';
import { tableOf } from './table.ts';

async function run(options: Options): Promise<void> {
  const stage = async <T>(name: Stage, measured: () => Promise<T>): Promise<T | undefined> =>
    options.parts.includes(name) ? await measured() : undefined;
  const conditions = conditionsOf('vectors of 384 dimensions', conditionOfRounds(options));
  report(conditions);
  const figures = {
    oneUser: await stage('one-user', () => measureSizes(options, 1)),
    hundredUsers: await stage('hundred-users', () => measureSizes(options, 100)),
    thousandUsers: await stage('thousand-users', () => measureThousandUsers(options)),
  };
  process.stdout.write(
    options.json ? `${JSON.stringify(resultOf(figures))}\n` : `${conditions}\n\n${tableOf(figures)}`,
  );
}

await runCommand({ usage: USAGE, read: readOptions, run });

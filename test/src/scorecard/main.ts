// `npm run scorecard`: providers broken in every documented way against the real gateway over NATS, and a verdict for each. The result
// goes to stdout, what is going on to stderr; exit code 1 if anything is not as it should be.
import { report, runCommand } from '../support/command.ts';
import type { Options } from './options.ts';
import { readOptions, USAGE } from './options.ts';
import { isGood, plainOf, tableOf } from './report.ts';
import { runAll } from './lanes.ts';
import { entries } from './scenarios/all.ts';

async function run({ json, only, scale, lanes }: Options): Promise<void> {
  const results = await runAll(entries(only), {
    lanes,
    scale,
    onResult: ({ scenario, dialect, verdict, ms }) => report(`${scenario} ${dialect}: ${verdict} (${ms} ms)`),
  });
  process.stdout.write(json ? `${JSON.stringify(results.map(plainOf))}\n` : `\n${tableOf(results)}`);
  process.exitCode = results.length > 0 && results.every(isGood) ? 0 : 1;
}

await runCommand({ usage: USAGE, read: readOptions, run });

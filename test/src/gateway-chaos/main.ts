// Many model calls through two gateways while a third of what the provider is asked goes wrong, then the books beside the provider's own
// record; and a crowd of calls under a small budget. Exits with 1 where a guarantee was broken. The result goes to stdout.
import { writeFile } from 'node:fs/promises';
import { runCommand } from '../support/command.ts';
import { spendBudget } from './budget.ts';
import type { Options } from './options.ts';
import { readOptions, USAGE } from './options.ts';
import { jsonOf, rulesOf, textOf } from './report.ts';
import { runChaos } from './run.ts';

async function run({ calls, seed, json, evidence }: Options): Promise<void> {
  const report = { chaos: await runChaos({ calls, seed }), budget: await spendBudget() };
  const line = `${JSON.stringify(jsonOf(report))}\n`;
  process.stdout.write(json ? line : textOf(report));
  if (evidence !== undefined) await writeFile(evidence, line);
  if (Object.values(rulesOf(report)).includes(false)) process.exitCode = 1;
}

await runCommand({ usage: USAGE, read: readOptions, run });

// The line that can be laid beside other engines: five steps in a row that do nothing, each done by another process. The planner
// is the shipped one in all but the machine.
import { fileURLToPath } from 'node:url';
import { fiveSteps } from '../five-steps-machine.ts';
import type { Options } from '../options.ts';
import { startSystem } from '../system.ts';
import type { Measured } from './workflows.ts';
import { measureRounds } from './workflows.ts';

export async function measureFiveSteps(
  { rounds, seconds }: Options,
  report: (line: string) => void,
): Promise<Measured> {
  await using system = await startSystem({
    plannerEntry: fileURLToPath(new URL('../five-steps-planner.ts', import.meta.url)),
  });
  await system.startPlanner();
  return await measureRounds(system, { workflowType: fiveSteps.type, rounds, seconds, report });
}

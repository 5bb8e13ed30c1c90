// Two planners beside one, on the same server, in turn: they share the shards, and must not get in each other's way.
import { automation } from '../../../../services/planner/src/workflows/automation.ts';
import type { Repetition } from '../measure.ts';
import { countLog, measure, told } from '../measure.ts';
import type { Options } from '../options.ts';
import { startSystem } from '../system.ts';

export type Planners = Readonly<Record<'1' | '2', readonly Repetition[]>>;

const CONCURRENCY = 128;

export async function measurePlanners(
  { rounds, seconds }: Options,
  report: (line: string) => void,
): Promise<Planners> {
  await using system = await startSystem();
  await system.startPlanner();
  const repetitions = { '1': [] as Repetition[], '2': [] as Repetition[] };
  let workflows = 0;
  const drive = async (run: string, forSeconds: number): Promise<Repetition> => {
    const load = { run, workflowType: automation.type, concurrency: CONCURRENCY, seconds: forSeconds };
    const repetition = await measure(system, load);
    workflows += repetition.workflows;
    return repetition;
  };
  for (let round = 1; round <= rounds; round += 1) {
    for (const planners of ['1', '2'] as const) {
      const second = planners === '2' ? await system.startPlanner() : undefined;
      // Dropped: what has just started or taken over is not warm.
      await drive(`warm-up-${round}-${planners}`, seconds / 2);
      const repetition = await drive(`r${round}-p${planners}`, seconds);
      repetitions[planners].push(repetition);
      report(`${planners} planner(s), round ${round}: ${told(repetition)}`);
      await second?.stop();
    }
  }
  await countLog(system, workflows);
  return repetitions;
}

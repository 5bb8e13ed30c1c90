// One line of a user's list of runs: what a projection of the log keeps of each run, so that a list needs no scan of the log. It is
// a view: it follows the log by a moment and may be thrown away and made again at any time.
import { z } from 'zod';
import { Failure } from './failure.ts';
import type { WorkflowKey } from './ids.ts';
import { UserId, WorkflowId } from './ids.ts';
import { WorkflowStatus } from './workflow.ts';

/** The bucket of the projection; an entry per run. */
export const RUNS_BUCKET = 'AGENTS_RUNS';

/** Characters of a goal that its summary keeps. */
export const SUMMARY_GOAL_CHARACTERS = 200;

export const RunSummary = z.object({
  workflow_id: WorkflowId,
  user_id: UserId,
  workflow_type: z.string(),
  status: z.enum(['running', ...WorkflowStatus.options]),
  goal: z
    .string()
    .describe(
      `the first ${SUMMARY_GOAL_CHARACTERS} characters; empty for a run that was refused at the door`,
    ),
  requested_at: z.iso.datetime(),
  finished_at: z.iso.datetime().optional(),
  error_code: Failure.shape.code.optional(),
});
export type RunSummary = z.infer<typeof RunSummary>;

export const runSummaryKey = ({ user, workflow }: WorkflowKey): string => `${user}.${workflow}`;

/** The keys of all of a user's runs. */
export const runSummaryKeys = (user: UserId): string => `${user}.*`;

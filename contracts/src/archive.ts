// What is left of a run whose events were erased: that they were, when, and how large; nothing of what they said. A run has one
// message, or several: of a log that is long, or that was begun again under the same id and erased again.
import { z } from 'zod';
import { UserId, WorkflowId } from './ids.ts';
import type { WorkflowKey } from './ids.ts';

export const Skeleton = z.object({
  user: UserId,
  workflow: WorkflowId,
  erased_at: z.iso.datetime(),
  events: z
    .array(
      z.object({
        sequence: z.int().positive().describe('within the run: 1, 2, 3 …'),
        seq: z.int().positive().describe('in the stream of the log, where it stood'),
        type: z.string(),
        time: z.iso.datetime(),
        bytes: z.int().nonnegative().describe('of the body'),
      }),
    )
    .describe('oldest first'),
});
export type Skeleton = z.infer<typeof Skeleton>;

export const archiveSubject = ({ user, workflow }: WorkflowKey): string =>
  `agents-archive.${user}.${workflow}`;
export const ARCHIVE_SUBJECTS = 'agents-archive.*.*';

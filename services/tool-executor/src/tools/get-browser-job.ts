// get_browser_job: what became of a browser job of this workflow, read from the workflow's log.
import { z } from 'zod';
import type { LargeText, StoredEvent, WorkflowKey } from '@troupe/contracts';
import { Failure, Json } from '@troupe/contracts';
import { defineTool } from '../tool.ts';
import { jobStateIn } from './job-state.ts';

export type ReadLog = (key: WorkflowKey, atLeast: number) => Promise<readonly StoredEvent[]>;

const Output = z.object({
  job_id: z.string(),
  status: z.enum(['running', 'completed', 'failed', 'unknown']),
  output: Json.optional().describe('of a completed job'),
  error: Failure.optional().describe('of a failed job'),
});

export const getBrowserJob = (options: {
  readonly readLog: ReadLog;
  readonly loadText: (text: LargeText) => Promise<string>;
}) =>
  defineTool({
    name: 'get_browser_job',
    description: 'Tells the state of a browser job of this run, and its output once it is completed.',
    input: z.object({ job_id: z.string().min(1).max(64) }),
    output: Output,
    effect: 'read',
    timeoutSeconds: 10,
    async run({ job_id }, context) {
      const state = jobStateIn(await options.readLog(context, context.seq), job_id);
      if (state.status !== 'completed') return { job_id, ...state };
      const output = Json.parse(JSON.parse(await options.loadText(state.output)));
      return { job_id, status: state.status, output };
    },
  });

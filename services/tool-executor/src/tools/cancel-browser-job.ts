// cancel_browser_job: stops a browser job of this workflow, wherever it runs. The request itself, standing in the log, keeps
// the job from being begun again after a crash; the message only makes it stop at once.
import { z } from 'zod';
import type { WorkflowKey } from '@troupe/contracts';
import { defineTool } from '../tool.ts';
import type { ReadLog } from './get-browser-job.ts';
import { CANCEL, jobStateIn } from './job-state.ts';

const Output = z.object({
  job_id: z.string(),
  status: z
    .enum(['cancelling', 'completed', 'failed', 'unknown'])
    .describe('cancelling: it was running and is being stopped; else it needed no stopping'),
});

export const cancelBrowserJob = (options: {
  readonly readLog: ReadLog;
  readonly abort: (key: WorkflowKey, jobId: string) => void;
}) =>
  defineTool({
    name: CANCEL,
    description: 'Stops a browser job of this run that was started with wait=false.',
    input: z.object({ job_id: z.string().min(1).max(64) }),
    output: Output,
    effect: 'idempotent',
    timeoutSeconds: 10,
    async run({ job_id }, context) {
      const { status } = jobStateIn(await options.readLog(context, context.seq), job_id);
      if (status !== 'running') return { job_id, status };
      options.abort(context, job_id);
      return { job_id, status: 'cancelling' as const };
    },
  });

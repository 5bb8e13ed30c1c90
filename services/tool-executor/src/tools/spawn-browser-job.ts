// spawn_browser_job: opens a page in a real browser and does steps on it. Looking may be repeated; a job that clicks or fills
// may change the world outside and is done once.
import { z } from 'zod';
import type { UserId } from '@troupe/contracts';
import { CorrelationId, TextReference } from '@troupe/contracts';
import type { JobMeans } from '../browser/job.ts';
import { runJob } from '../browser/job.ts';
import type { RunningJobs } from '../browser/running-jobs.ts';
import { jobCancelled } from '../browser/running-jobs.ts';
import { acts, Extract, HttpUrl, Step } from '../browser/steps.ts';
import { jobIdOf } from '../job-id.ts';
import { defineTool } from '../tool.ts';
import { SPAWN, wasCancelled } from './job-state.ts';

const Input = z.object({
  url: HttpUrl.describe('absolute URL, http or https, of the page to open first'),
  steps: z.array(Step).max(50).default([]).describe('done one after the other once the page is open'),
  wait: z
    .boolean()
    .default(true)
    .describe(
      'false: the job goes on in the background; its end is told later, get_browser_job tells its state',
    ),
  correlation_id: CorrelationId.optional(),
});

const Output = z.object({
  job_id: z.string(),
  title: z.string(),
  url: z.string().describe('of the page at the end'),
  extracts: z.array(Extract),
  screenshots: z.array(TextReference).describe('where the pictures are stored'),
});

/** Longer than a job may take, for the time in line before it. */
const TIMEOUT_SECONDS = 90;

export const spawnBrowserJob = (options: {
  readonly means: JobMeans;
  readonly running: RunningJobs;
  readonly store: (user: UserId, content: Uint8Array) => Promise<TextReference>;
}) =>
  defineTool({
    name: SPAWN,
    description:
      'Opens a web page in a real browser and does the given steps: goto, click, fill, extract (the text of the elements ' +
      'that match a CSS selector; waits until scripts have put it there), screenshot. Give all steps of one visit in one call.',
    input: Input,
    output: Output,
    effect: 'once',
    effectOf: ({ steps }) => (steps.some(acts) ? 'once' : 'read'),
    inBackground: ({ wait }) => !wait,
    timeoutSeconds: TIMEOUT_SECONDS,
    async run({ url, steps }, context) {
      const jobId = jobIdOf(context.effectId);
      if (wasCancelled(context.behind, jobId)) throw jobCancelled();
      using job = options.running.begin(context, jobId);
      const report = await runJob(options.means, {
        url,
        steps,
        signal: AbortSignal.any([context.signal, job.signal]),
        save: (png) => options.store(context.user, png),
      });
      return { job_id: jobId, ...report };
    },
  });

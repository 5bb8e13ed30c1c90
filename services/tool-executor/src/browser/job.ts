// One browser job: a place in line, a context of its own behind a proxy of its own, the steps one after the other, a report.
// It knows nothing of the log. A browser that crashes under a job that only looked is replaced and the job begun again.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser } from 'playwright-core';
import type { TextReference } from '@troupe/contracts';
import type { EgressGuard } from '../egress/guard.ts';
import { openEgressProxy } from '../egress/proxy.ts';
import { ToolError } from '../tool.ts';
import { followNavigation } from './navigation.ts';
import type { SharedBrowser } from './shared-browser.ts';
import type { Slots } from './slots.ts';
import { stepFailure } from './step-failure.ts';
import type { Extract, Step } from './steps.ts';
import { acts, runStep } from './steps.ts';

export interface JobMeans {
  readonly browser: SharedBrowser;
  readonly guard: EgressGuard;
  readonly slots: Slots;
  readonly stepTimeoutMs: number;
  /** From when the job has its place. */
  readonly jobTimeoutMs: number;
}

export interface JobRun {
  readonly url: string;
  readonly steps: readonly Step[];
  readonly signal: AbortSignal;
  readonly save: (png: Uint8Array) => Promise<TextReference>;
}

export interface JobReport {
  readonly title: string;
  readonly url: string;
  readonly extracts: Extract[];
  readonly screenshots: TextReference[];
}

const ATTEMPTS = 3;
/** A context that does not close in this time is left to its browser's end. */
const CLOSE_MS = 5_000;

/** Throws ToolError, or the signal's reason when it aborts. */
export const runJob = (means: JobMeans, run: JobRun): Promise<JobReport> =>
  means.slots.within(run.signal, () => runInPlace(means, run));

async function runInPlace(means: JobMeans, run: JobRun): Promise<JobReport> {
  const timeout = AbortSignal.timeout(means.jobTimeoutMs);
  const signal = AbortSignal.any([run.signal, timeout]);
  const progress: Progress = { acted: false };
  for (let attempt = 1; ; attempt += 1) {
    const browser = await means.browser.get();
    try {
      return await visit(browser, means, { ...run, signal }, progress);
    } catch (error) {
      run.signal.throwIfAborted();
      if (!timeout.aborted && !browser.isConnected() && !progress.acted && attempt < ATTEMPTS) continue;
      throw told(error, { timedOut: timeout.aborted, crashed: !browser.isConnected(), means, progress });
    }
  }
}

interface Progress {
  /** Whether a step that may change something outside was begun. */
  acted: boolean;
}

async function visit(browser: Browser, means: JobMeans, run: JobRun, progress: Progress): Promise<JobReport> {
  const { signal, save } = run;
  await using proxy = await openEgressProxy(means.guard);
  const context = await browser.newContext({
    proxy: { server: proxy.url },
    serviceWorkers: 'block',
    acceptDownloads: false,
  });
  // A page that is being opened while its context closes may never answer: whoever aborts does not wait for it.
  const aborted = Promise.withResolvers<never>();
  aborted.promise.catch(() => undefined);
  const abort = (): void => aborted.reject(signal.reason as Error);
  signal.addEventListener('abort', abort, { once: true });
  try {
    signal.throwIfAborted();
    const opening = context.newPage();
    opening.catch(() => undefined);
    const page = await Promise.race([opening, aborted.promise]);
    context.on('page', (popup) => void popup.close().catch(() => undefined));
    const navigation = followNavigation(page, proxy);
    const report = { extracts: [] as Extract[], screenshots: [] as TextReference[] };
    const steps: Step[] = [{ action: 'goto', url: run.url }, ...run.steps];
    for (const [number, step] of steps.entries()) {
      if (acts(step)) progress.acted = true;
      const doing = runStep(page, step, report, { timeoutMs: means.stepTimeoutMs, save });
      doing.catch(() => undefined);
      await Promise.race([doing, navigation.failed, aborted.promise]).catch((error: unknown) => {
        signal.throwIfAborted();
        throw navigation.failure() ?? stepFailure(step, number, error);
      });
      const failure = navigation.failure();
      if (failure !== undefined) throw failure;
    }
    return { title: (await page.title()).slice(0, 500), url: page.url().slice(0, 4_096), ...report };
  } finally {
    signal.removeEventListener('abort', abort);
    await Promise.race([context.close().catch(() => undefined), sleep(CLOSE_MS, undefined, { ref: false })]);
  }
}

/** The job's failure: after a click or an entry, nobody knows what it did. */
function told(
  error: unknown,
  how: { timedOut: boolean; crashed: boolean; means: JobMeans; progress: Progress },
): unknown {
  const failure = how.timedOut ? timedOut(how.means.jobTimeoutMs) : how.crashed ? crashed : error;
  if (!(failure instanceof ToolError) || !how.progress.acted) return failure;
  return new ToolError(failure.failure, { outcome: 'unknown', cause: failure });
}

const timedOut = (limitMs: number): ToolError =>
  new ToolError(
    {
      code: 'job_timeout',
      message: `The job took longer than ${limitMs / 1_000} s and was stopped.`,
      hint: 'Ask for fewer steps in one job.',
    },
    { retryable: true },
  );

const crashed = new ToolError(
  {
    code: 'browser_crashed',
    message: 'The browser crashed while it did the job.',
    hint: 'Try again; if it crashes on this page again, leave the page out.',
  },
  { retryable: true },
);

// Puts the executor together: the browser and what guards it, the tools, the worker that serves their calls.
import { randomUUID } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { rpc } from '@troupe/contracts';
import type { Kernel, Running } from '@troupe/shared';
import { callRpc, startWorker } from '@troupe/shared';
import type { JobMeans } from './browser/job.ts';
import { findBrowser } from './browser/executable.ts';
import { publishAbort, RunningJobs } from './browser/running-jobs.ts';
import { SharedBrowser } from './browser/shared-browser.ts';
import { Slots } from './browser/slots.ts';
import type { Config } from './config.ts';
import { createEgressGuard } from './egress/guard.ts';
import { createHandler, givenUp } from './handle.ts';
import { createRegistry } from './registry.ts';
import { isSettled } from './settled.ts';
import type { Tool } from './tool.ts';
import { cancelBrowserJob } from './tools/cancel-browser-job.ts';
import type { ReadLog } from './tools/get-browser-job.ts';
import { getBrowserJob } from './tools/get-browser-job.ts';
import { notifyUser } from './tools/notify-user.ts';
import { remember } from './tools/remember.ts';
import { searchMemory } from './tools/search-memory.ts';
import { spawnBrowserJob } from './tools/spawn-browser-job.ts';

const SEARCH_TIMEOUT_MS = 5_000;
const STEP_TIMEOUT_MS = 10_000;
const JOB_TIMEOUT_MS = 60_000;

/** Announces the tools, then serves their calls. */
export async function startExecutor(
  kernel: Kernel,
  config: Config,
  onFatal: (error: Error) => void,
): Promise<Running> {
  const browser = new SharedBrowser(findBrowser(config.CHROMIUM_PATH, config.PATH));
  const guard = createEgressGuard({
    allowed: config.AGENT_EGRESS_ALLOW,
    resolve: (host) => lookup(host, { all: true }),
  });
  const slots = new Slots(config.AGENT_BROWSER_CONCURRENCY);
  const means = { browser, guard, slots, stepTimeoutMs: STEP_TIMEOUT_MS, jobTimeoutMs: JOB_TIMEOUT_MS };
  const registry = createRegistry(toolsOf(kernel, config, means));
  await kernel.tools.announce(registry.definitions);
  const worker = startWorker({
    kernel,
    service: 'tool-executor',
    request: 'tool.requested',
    consumer: 'tool-executor',
    concurrency: config.AGENT_TOOL_CONCURRENCY,
    maxAttempts: 5,
    acts: true,
    isSettled,
    handle: createHandler({ ...kernel, registry, newToken: randomUUID, now: Date.now }),
    givenUp,
    onFatal,
  });
  return { actors: [worker], closes: [browser] };
}

function toolsOf(kernel: Kernel, config: Config, means: JobMeans): Tool[] {
  const { connection, blobs, log } = kernel;
  const running = new RunningJobs();
  running.listen(connection);
  const readLog: ReadLog = (key, atLeast) => log.read.whole(key, atLeast);
  return [
    spawnBrowserJob({ means, running, store: (user, content) => blobs.store(user, content) }),
    getBrowserJob({ readLog, loadText: (text) => blobs.load(text) }),
    cancelBrowserJob({ readLog, abort: (key, jobId) => publishAbort(connection, key, jobId) }),
    notifyUser({ webhookUrl: config.AGENT_NOTIFY_WEBHOOK_URL }),
    searchMemory({
      search: (user, request) =>
        callRpc(connection, rpc.searchMemory, { user, request, timeoutMs: SEARCH_TIMEOUT_MS }),
    }),
    remember,
  ];
}

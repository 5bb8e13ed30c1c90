// The smallest service there is, started as a process by the tests of a service's life: it answers recalls after WORK_MS.
import { setTimeout as sleep } from 'node:timers/promises';
import {
  environment,
  integerBetween,
  kernelSettings,
  readSettings,
  runService,
  startWorker,
} from '@troupe/shared';

const settings = { ...kernelSettings, WORK_MS: integerBetween(0, 60_000, 0) };

await runService({
  name: 'small',
  readConfig: () => readSettings(settings, environment()),
  start: (kernel, { WORK_MS }, onFatal) => {
    const worker = startWorker<'memory.requested'>({
      kernel,
      service: 'memory',
      request: 'memory.requested',
      consumer: 'memory',
      concurrency: 4,
      maxAttempts: 3,
      acts: true,
      handle: async (_request, { signal }) => {
        kernel.logger.info('working');
        await sleep(WORK_MS, undefined, { signal });
        return { type: 'memory.completed', data: { snippets: [] } };
      },
      givenUp: (_request, error) => ({ type: 'memory.failed', data: { error } }),
      onFatal,
    });
    return Promise.resolve({ actors: [worker] });
  },
});

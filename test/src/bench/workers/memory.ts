// memory that remembers nothing: the shipped settings and the kernel's loops, without Chroma behind them. Its projection takes
// what the shipped one takes, and leaves it.
import { ackWaitMsOf, LOG_STREAM, runService, startActor, startWorker } from '@troupe/shared';
import { readConfig } from '../../../../services/memory/src/config.ts';

await runService({
  name: 'memory',
  readConfig: () => readConfig(),
  start: (kernel, { AGENT_MEMORY_CONCURRENCY: concurrency }, onFatal) => {
    const worker = startWorker({
      kernel,
      service: 'memory',
      request: 'memory.requested',
      consumer: 'memory',
      concurrency,
      maxAttempts: 3,
      acts: false,
      handle: () => Promise.resolve({ type: 'memory.completed', data: { snippets: [] } }),
      givenUp: (_request, error) => ({ type: 'memory.failed', data: { error } }),
      onFatal,
    });
    const projection = startActor({
      ...kernel,
      stream: LOG_STREAM,
      consumer: 'memory-projection',
      concurrency,
      ackWaitMs: ackWaitMsOf('memory-projection'),
      maxAttempts: 3,
      handle: () => Promise.resolve(),
      onFatal,
    });
    return Promise.resolve({ actors: [worker, projection] });
  },
});

// Puts the parts of the memory service together on an open kernel.
import { rpc } from '@troupe/contracts';
import type { Kernel, Running } from '@troupe/shared';
import { serveRpc, startWorker } from '@troupe/shared';
import { createChromaStore } from './chroma-store.ts';
import type { MemoryConfig } from './config.ts';
import { createEmbedder } from './embedder.ts';
import { createHandler, failed } from './handle.ts';
import { startProjection } from './projection.ts';
import { createRecall } from './recall.ts';

/** Starts also when Chroma is away: until it is back, recalls fail and the projection waits. */
export async function startMemory(
  kernel: Kernel,
  config: MemoryConfig,
  onFatal: (error: Error) => void,
): Promise<Running> {
  const { logger, tracer } = kernel;
  const concurrency = config.AGENT_MEMORY_CONCURRENCY;
  const timeoutMs = config.AGENT_MEMORY_TIMEOUT_SECONDS * 1_000;

  const store = createChromaStore({ url: config.CHROMA_URL, timeoutMs });
  await store.check().catch((err: unknown) => {
    logger.warn(
      { err, url: config.CHROMA_URL },
      'Chroma does not answer; runs go on without memory until it does',
    );
  });
  const embed = createEmbedder(kernel, timeoutMs);
  const recall = createRecall({ embed, store, tracer });

  await serveRpc(kernel, rpc.searchMemory, async (user, { query, k }) => ({
    snippets: await recall(user, query, k),
  }));
  const worker = startWorker({
    kernel,
    service: 'memory',
    request: 'memory.requested',
    consumer: 'memory',
    concurrency,
    maxAttempts: 3,
    acts: false,
    handle: createHandler(recall),
    givenUp: (_request, failure) => failed(failure),
    onFatal,
  });
  const projection = startProjection({ kernel, store, embed, concurrency, onFatal });
  return { actors: [worker, projection] };
}

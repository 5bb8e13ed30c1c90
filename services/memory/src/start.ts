// Puts the parts of the memory service together on an open kernel.
import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import type { Kernel, Logger, Running } from '@troupe/shared';
import { MEMORY_KEYS_BUCKET, MemoryMetrics, openEntries, startWorker } from '@troupe/shared';
import { createAskRebuild } from './ask-rebuild.ts';
import { createRenew } from './chroma-rebuild.ts';
import { createChromaServer } from './chroma-server.ts';
import { createChromaStore } from './chroma-store.ts';
import type { MemoryConfig } from './config.ts';
import { createEmbedder } from './embedder.ts';
import { cached } from './embedding-cache.ts';
import { createErase } from './erasure/erase.ts';
import type { ForgottenRecords } from './erasure/forgotten.ts';
import { openForgottenRecords } from './erasure/forgotten.ts';
import { createHandler, failed } from './handle.ts';
import { startJobs } from './jobs/start-jobs.ts';
import { startProjection } from './projection.ts';
import { serveQueries } from './queries.ts';
import { createRebuild } from './rebuild.ts';
import { createRecall } from './recall.ts';
import type { Keyring, MasterKeys } from './sealing/keyring.ts';
import { createKeyring } from './sealing/keyring.ts';
import { keyInFile } from './sealing/master-key.ts';
import { openUserEvents } from './user-events.ts';

/** Where a machine without a configured key keeps its own, below the folder in which the service starts. */
const KEY_FILE = '.local/memory.key';

/** Vectors of some thousand numbers: 10 MB or so. */
const EMBEDDINGS_KEPT = { most: 1_000, forMs: 60_000, now: Date.now } as const;

/** Starts also when Chroma is away: until it is back, recalls fail and the projection waits. */
export async function startMemory(
  kernel: Kernel,
  config: MemoryConfig,
  onFatal: (error: Error) => void,
): Promise<Running> {
  const { logger, tracer } = kernel;
  const metrics = new MemoryMetrics(kernel.metrics.registry);
  const forgotten = openForgottenRecords(kernel);
  const { keyring, server, store, events } = await openStore(kernel, config, forgotten);
  const embed = cached(createEmbedder(kernel, timeoutOf(config)), EMBEDDINGS_KEPT);

  const rebuild = createRebuild({
    ...{ kernel, events, embed, forgotten: forgotten.of },
    renew: createRenew(server, keyring),
    onProgress: (user, progress) => metrics.rebuild(user, progress),
  });
  const jobs = startJobs({
    kernel,
    instance: randomUUID(),
    work: { rebuild, erase: createErase({ kernel, store, keyring, forgotten }) },
  });
  const onIncomplete = createAskRebuild(jobs, logger);
  // The embedder and Chroma, each tried twice.
  const withinMs = 4 * timeoutOf(config);
  const recall = createRecall({ embed, store, tracer, metrics, onIncomplete, now: Date.now, withinMs });

  await serveQueries({ kernel, recall, store, jobs, onIncomplete });
  const worker = startWorker({
    kernel,
    service: 'memory',
    request: 'memory.requested',
    consumer: 'memory',
    concurrency: config.AGENT_MEMORY_CONCURRENCY,
    maxAttempts: 3,
    acts: false,
    handle: createHandler(recall),
    givenUp: (_request, failure) => failed(failure),
    onFatal,
  });
  const projection = startProjection({
    ...{ kernel, store, embed, onIncomplete, onFatal },
    memoryIn: events.memoryIn,
    onWritten: (memories) => memories.forEach(({ kind }) => metrics.written(kind)),
  });
  return { actors: [worker, projection, jobs] };
}

async function openStore(kernel: Kernel, config: MemoryConfig, forgotten: ForgottenRecords) {
  const { connection, publisher, logger } = kernel;
  const entries = openEntries(connection, publisher, MEMORY_KEYS_BUCKET);
  const keyring: Keyring = createKeyring(entries, await masterKeys(config, logger));
  await keyring.check().catch((err: unknown) => {
    logger.error({ err }, 'the data keys cannot be opened; runs go on without memory, and what is new waits');
  });
  const server = createChromaServer({ url: config.CHROMA_URL, timeoutMs: timeoutOf(config) });
  const events = openUserEvents(kernel);
  const store = createChromaStore({ server, keyring, events, forgotten: forgotten.of });
  await store.check().catch((err: unknown) => {
    logger.warn(
      { err, url: config.CHROMA_URL },
      'Chroma does not answer; runs go on without memory until it does',
    );
  });
  return { keyring, server, store, events };
}

const timeoutOf = (config: MemoryConfig): number => config.AGENT_MEMORY_TIMEOUT_SECONDS * 1_000;

/** Throws StartupError `memory_key_unreadable`. */
async function masterKeys(config: MemoryConfig, logger: Logger): Promise<MasterKeys> {
  const previous = config.AGENT_MEMORY_KEY_PREVIOUS;
  if (config.AGENT_MEMORY_KEY !== undefined) return { current: config.AGENT_MEMORY_KEY, previous };
  const file = resolve(KEY_FILE);
  const { key, made } = await keyInFile(file);
  logger.info({ file }, made ? 'made a master key, since none is set' : 'the master key is that of the file');
  return { current: key, previous };
}

// Puts the parts of the memory service together on an open kernel.
import { resolve } from 'node:path';
import { rpc } from '@troupe/contracts';
import type { Kernel, Logger, Running } from '@troupe/shared';
import { MEMORY_KEYS_BUCKET, openEntries, serveRpc, startWorker } from '@troupe/shared';
import { createChromaStore } from './chroma-store.ts';
import type { MemoryConfig } from './config.ts';
import { createEmbedder } from './embedder.ts';
import { createHandler, failed } from './handle.ts';
import { startProjection } from './projection.ts';
import { createRecall } from './recall.ts';
import type { MasterKeys } from './sealing/keyring.ts';
import { createKeyring } from './sealing/keyring.ts';
import { keyInFile } from './sealing/master-key.ts';

/** Where a machine without a configured key keeps its own, below the folder in which the service starts. */
const KEY_FILE = '.local/memory.key';

/** Starts also when Chroma is away: until it is back, recalls fail and the projection waits. */
export async function startMemory(
  kernel: Kernel,
  config: MemoryConfig,
  onFatal: (error: Error) => void,
): Promise<Running> {
  const { logger, tracer } = kernel;
  const concurrency = config.AGENT_MEMORY_CONCURRENCY;
  const timeoutMs = config.AGENT_MEMORY_TIMEOUT_SECONDS * 1_000;

  const entries = openEntries(kernel.connection, kernel.publisher, MEMORY_KEYS_BUCKET);
  const keyring = createKeyring(entries, await masterKeys(config, logger));
  await keyring.check().catch((err: unknown) => {
    logger.error({ err }, 'the data keys cannot be opened; runs go on without memory, and what is new waits');
  });
  const store = createChromaStore({ url: config.CHROMA_URL, timeoutMs, keyring });
  await store.check().catch((err: unknown) => {
    logger.warn(
      { err, url: config.CHROMA_URL },
      'Chroma does not answer; runs go on without memory until it does',
    );
  });
  const embed = createEmbedder(kernel, timeoutMs);
  const recall = createRecall({ embed, store, tracer, now: Date.now });

  await serveRpc(kernel, rpc.searchMemory, (user, { query, k }) => recall(user, query, k));
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

/** Throws StartupError `memory_key_unreadable`. */
async function masterKeys(config: MemoryConfig, logger: Logger): Promise<MasterKeys> {
  const previous = config.AGENT_MEMORY_KEY_PREVIOUS;
  if (config.AGENT_MEMORY_KEY !== undefined) return { current: config.AGENT_MEMORY_KEY, previous };
  const file = resolve(KEY_FILE);
  const { key, made } = await keyInFile(file);
  logger.info({ file }, made ? 'made a master key, since none is set' : 'the master key is that of the file');
  return { current: key, previous };
}

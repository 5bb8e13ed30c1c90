// The gateway process: one worker for model calls, one query for embeddings.
import { rpc } from '@troupe/contracts';
import type { Kernel, Running } from '@troupe/shared';
import { runService, serveRpc, startWorker } from '@troupe/shared';
import { type GatewayConfig, readConfig } from './config.ts';
import { createConversations } from './conversations.ts';
import { answerEmbed } from './embedding/answer.ts';
import { createGateway } from './gateway.ts';
import { createHandler } from './handle.ts';

/** What conversations may take in memory, in characters: some hundred long ones. */
const REMEMBERED = 64 * 1024 * 1024;

async function start(
  kernel: Kernel,
  config: GatewayConfig,
  onFatal: (error: Error) => void,
): Promise<Running> {
  const { connection, log, blobs, tools, logger } = kernel;
  const { complete, embedder } = createGateway(config, logger);
  const conversations = createConversations({ read: log.read, load: blobs.load, maxCharacters: REMEMBERED });
  await serveRpc({ connection, version: '0.1.0', logger }, rpc.embed, (_user, request) =>
    answerEmbed(embedder, request),
  );
  const worker = startWorker({
    kernel,
    service: 'llm-gateway',
    request: 'llm.requested',
    consumer: 'llm-gateway',
    concurrency: config.AGENT_LLM_CONCURRENCY,
    maxAttempts: 5,
    acts: true,
    handle: createHandler({ conversations, tools, complete, logger }),
    givenUp: (_request, error) => ({ type: 'llm.failed', data: { error, attempts: 0 } }),
    onFatal,
  });
  return { actors: [worker] };
}

await runService({ name: 'llm-gateway', readConfig, start });

// The gateway process: one worker for model calls, a query for embeddings, and one for which models are asked.
import { rpc } from '@troupe/contracts';
import type { Kernel, Running } from '@troupe/shared';
import { runService, serveRpc, startWorker } from '@troupe/shared';
import { chosenModels, type GatewayConfig, readConfig } from './config.ts';
import { createConversations } from './conversations.ts';
import { answerEmbed } from './embedding/answer.ts';
import { createGateway } from './gateway.ts';
import { createHandler } from './handle.ts';
import { embeddingsSpan } from './observe-call.ts';

/** What conversations may take in memory, in characters: some hundred long ones. */
const REMEMBERED = 64 * 1024 * 1024;

async function start(
  kernel: Kernel,
  config: GatewayConfig,
  onFatal: (error: Error) => void,
): Promise<Running> {
  const { log, blobs, tools, tracer, logger } = kernel;
  const { complete, embedder } = createGateway(config, kernel);
  const conversations = createConversations({ read: log.read, load: blobs.load, maxCharacters: REMEMBERED });
  await serveRpc(kernel, rpc.embed, (_user, request) =>
    tracer.span(
      () => embeddingsSpan(embedder.model, request.texts.length),
      () => answerEmbed(embedder, request),
    ),
  );
  await serveRpc(kernel, rpc.models, () => Promise.resolve(chosenModels(config)));
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

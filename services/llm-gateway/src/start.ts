// The gateway service: one worker for model calls, a query for embeddings, and one for which models are asked.
import { rpc } from '@troupe/contracts';
import type { Kernel, Running } from '@troupe/shared';
import { GatewayMetrics, serveRpc, startWorker } from '@troupe/shared';
import type { GatewayConfig } from './config.ts';
import { chosenModels } from './config.ts';
import { createConversations } from './conversations.ts';
import { answerEmbed } from './embedding/answer.ts';
import { createGateway } from './gateway.ts';
import { createHandler } from './handle.ts';
import { createLive } from './live/live.ts';
import { PULL_AHEAD } from './load/shed.ts';
import { embeddingsSpan } from './observe-call.ts';
import { openParts } from './parts.ts';
import type { Times } from './rules/times.ts';
import { TIMES } from './rules/times.ts';

/** What conversations may take in memory, in characters: some hundred long ones. */
const REMEMBERED = 64 * 1024 * 1024;
/** How long the text of an answer is gathered before it is shown. */
const LIVE_EVERY_MS = 40;

export async function startGateway(
  kernel: Kernel,
  config: GatewayConfig,
  onFatal: (error: Error) => void,
  times: Times = TIMES,
): Promise<Running> {
  const { log, blobs, tools, tracer, metrics, logger, connection } = kernel;
  const gatewayMetrics = new GatewayMetrics(metrics.registry);
  const parts = openParts({ kernel, config, metrics: gatewayMetrics, times });
  const gateway = createGateway(config, parts, { metrics, gatewayMetrics, tracer, logger }, times);
  const { complete, embedder } = gateway;
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
    // How many providers are asked at once is the admission's business: whoever waits there is ordered fairly.
    concurrency: PULL_AHEAD,
    maxAttempts: 5,
    acts: true,
    handle: createHandler({
      ...{ conversations, tools, complete, logger },
      liveFor: createLive({
        publish: (subject, payload) => connection.publish(subject, payload),
        now: Date.now,
        everyMs: LIVE_EVERY_MS,
      }),
    }),
    givenUp: (_request, error) => ({ type: 'llm.failed', data: { error, attempts: 0, origin: 'gateway' } }),
    onFatal,
  });
  return { actors: [worker], closes: [gateway, parts] };
}

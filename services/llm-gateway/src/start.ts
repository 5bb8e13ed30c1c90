// The gateway service: one worker for model calls, a query for embeddings, and one for which models are asked.
import type { LogEvent } from '@troupe/contracts';
import { rpc } from '@troupe/contracts';
import type { Kernel, Running } from '@troupe/shared';
import { GatewayMetrics, serveRpc, startWorker } from '@troupe/shared';
import type { Earlier } from './accounting/accounts.ts';
import type { GatewayConfig } from './config.ts';
import { chosenModels } from './config.ts';
import { createConversations } from './conversations.ts';
import { answerEmbed } from './embedding/answer.ts';
import { createGateway } from './gateway.ts';
import { createHandler } from './handle.ts';
import { createLive } from './live/live.ts';
import { InHand } from './load/in-hand.ts';
import { PULL_AHEAD } from './load/shed.ts';
import { embeddingsSpan } from './observe-call.ts';
import { openParts } from './parts.ts';
import type { Times } from './rules/times.ts';
import { TIMES } from './rules/times.ts';

/** What conversations may take in memory, in characters: some hundred long ones. */
const REMEMBERED = 64 * 1024 * 1024;
/** What the conversations of calls in hand may take, waiting for their turn or asking a provider. */
const ROOM = { characters: 256 * 1024 * 1024, loads: 32 };
/** How long the text of an answer is gathered before it is shown. */
const LIVE_EVERY_MS = 40;

export async function startGateway(
  kernel: Kernel,
  config: GatewayConfig,
  onFatal: (error: Error) => void,
  times: Times = TIMES,
): Promise<Running> {
  const { log, blobs, tools, tracer, metrics, logger } = kernel;
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
  /** What the request took, with what a process that died over it left open; undefined where the ledger cannot tell. */
  const takeStock = ({ user, workflow, id }: LogEvent<'llm.requested'>): Promise<Earlier | undefined> =>
    parts.accounts.earlier({ user, workflow, request: id }).catch((err: unknown) => {
      logger.warn({ err }, 'what the request has cost is not known');
      return undefined;
    });
  const worker = startWorker({
    kernel,
    service: 'llm-gateway',
    request: 'llm.requested',
    consumer: 'llm-gateway',
    // How many providers are asked at once is the admission's business: whoever waits there is ordered fairly.
    concurrency: PULL_AHEAD,
    // A call that waits is delivered again whenever its process is told to stop: that uses up attempts, and is no failure.
    maxAttempts: 15,
    acts: true,
    handle: createHandler({
      ...{ conversations, tools, complete, logger },
      inHand: new InHand(ROOM),
      liveFor: createLive({
        publish: kernel.tell,
        now: Date.now,
        everyMs: LIVE_EVERY_MS,
      }),
    }),
    async givenUp(request, error) {
      const { attempts, costNanoUsd } = (await takeStock(request)) ?? { attempts: 0, costNanoUsd: null };
      const data = { error, attempts, origin: 'gateway', cost_nano_usd: costNanoUsd } as const;
      return { type: 'llm.failed', data };
    },
    async onSettled(request) {
      await takeStock(request);
    },
    onFatal,
  });
  // The connections last: what breaks with them is no news of a provider.
  return { actors: [worker], closes: [parts, gateway] };
}

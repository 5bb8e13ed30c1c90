// Two gateways as they are shipped, on a faster clock, one NATS server, one provider for all. The gateways ask their targets in
// opposite order, so that both dialects carry the same load.
import type { Kernel } from '@troupe/shared';
import type { Simulator } from '../../../services/llm-gateway/src/test-support/simulator.ts';
import { startSimulator, TOKEN_CHARS } from '../../../services/llm-gateway/src/test-support/simulator.ts';
import { startGateway } from '../scorecard/gateway.ts';
import { startTestServer } from '../support/server.ts';

export interface Stage extends AsyncDisposable {
  readonly kernel: Kernel;
  readonly simulator: Simulator;
}

const TIME_FACTOR = 0.2;
const MODELS = ['gpt-4.1-mini', 'claude-haiku-5-5'] as const;

/** Resolves when both gateways are ready; `settings` go before the stage's own. */
export async function startStage(settings: Readonly<Record<string, string>> = {}): Promise<Stage> {
  await using opened = new AsyncDisposableStack();
  const server = opened.use(await startTestServer());
  const kernel = opened.use(await server.kernel());
  const simulator = opened.use(await startSimulator({ deltaChars: TOKEN_CHARS }));
  const chains = [MODELS, MODELS.toReversed()];
  const started = chains.map(async ([primary = '', fallback = '']) =>
    opened.use(
      await startGateway({
        NATS_URL: server.nats.url,
        TEST_TIME_FACTOR: String(TIME_FACTOR),
        LOG_LEVEL: 'info',
        OPENAI_API_KEY: 'sk-chaos-openai',
        OPENAI_BASE_URL: `${simulator.url}/v1`,
        ANTHROPIC_API_KEY: 'sk-chaos-anthropic',
        ANTHROPIC_BASE_URL: simulator.url,
        AGENT_PRIMARY_MODEL: primary,
        AGENT_FALLBACK_MODEL: fallback,
        AGENT_EMBEDDING_MODEL: 'lexical-384',
        ...settings,
      }),
    ),
  );
  await Promise.all(started);
  const owned = opened.move();
  return { kernel, simulator, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

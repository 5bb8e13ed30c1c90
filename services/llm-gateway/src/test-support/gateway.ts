// A gateway as tests want it: quick to retry, its log lines kept.
import assert from 'node:assert/strict';
import type { Completion } from '../complete.ts';
import { createGateway } from '../gateway.ts';
import type { Gateway, GatewayLimits } from '../gateway.ts';
import { readConfig } from '../config.ts';
import type { ModelRequest } from '../generation.ts';
import { silentTelemetry } from '@troupe/shared';
import { keptLogger } from './kept-logger.ts';

export const OPENAI_KEY = 'sk-test-openai-0123456789';
export const ANTHROPIC_KEY = 'sk-ant-test-9876543210';

export interface TestGateway extends Gateway {
  /** Everything logged so far, as one text. */
  readonly logged: () => string;
}

/** Both providers at `url`; gpt-4.1-mini first, then gpt-3.5-turbo, unless `env` says otherwise. */
export function testGateway(
  url: string,
  env: Readonly<Record<string, string>> = {},
  limits: Partial<GatewayLimits> = {},
): TestGateway {
  const { logger, lines } = keptLogger();
  const config = readConfig({
    OPENAI_API_KEY: OPENAI_KEY,
    OPENAI_BASE_URL: `${url}/v1`,
    ANTHROPIC_API_KEY: ANTHROPIC_KEY,
    ANTHROPIC_BASE_URL: url,
    ...env,
  });
  // Below what may be configured: a test does not wait.
  const quick = { ...config, AGENT_HTTP_BASE_BACKOFF_SECONDS: 0.005 };
  const gateway = createGateway(
    quick,
    { ...silentTelemetry(), logger },
    {
      budgetMs: 30_000,
      circuit: { failures: 5, openForMs: 60_000 },
      ...limits,
    },
  );
  return { ...gateway, logged: () => lines.join('') };
}

/** A request that says `text` and offers nothing else. */
export const asking = (text: string, more: Partial<ModelRequest> = {}): ModelRequest => ({
  messages: [{ role: 'user', text }],
  tools: [],
  toolChoice: 'auto',
  outputSchema: undefined,
  maxTokens: 1_000,
  ...more,
});

export const complete = (
  gateway: Pick<Gateway, 'complete'>,
  request: ModelRequest,
  signal: AbortSignal = new AbortController().signal,
): Promise<Completion> => gateway.complete(request, { signal, logger: keptLogger().logger });

export type Answered = Extract<Completion, { kind: 'answered' }>;
export type Failed = Extract<Completion, { kind: 'failed' }>;

export function answered(completion: Completion): Answered {
  assert.equal(completion.kind, 'answered', JSON.stringify(completion));
  return completion;
}

export function failed(completion: Completion): Failed {
  assert.equal(completion.kind, 'failed', JSON.stringify(completion));
  return completion;
}

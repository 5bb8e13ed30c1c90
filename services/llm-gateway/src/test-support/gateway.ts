// A gateway as tests want it: quick to retry, its log lines kept.
import assert from 'node:assert/strict';
import type { EventId, UserId, WorkflowId } from '@troupe/contracts';
import { GatewayMetrics, silentTelemetry } from '@troupe/shared';
import type { CallContext, Completion } from '../complete.ts';
import { readConfig } from '../config.ts';
import type { Gateway, GatewayParts } from '../gateway.ts';
import { createGateway } from '../gateway.ts';
import type { ModelRequest } from '../generation.ts';
import type { Times } from '../rules/times.ts';
import { TIMES } from '../rules/times.ts';
import { keptLogger } from './kept-logger.ts';
import { testParts } from './parts.ts';

export const OPENAI_KEY = 'sk-test-openai-0123456789';
export const ANTHROPIC_KEY = 'sk-ant-test-9876543210';

export interface TestGateway extends Gateway {
  /** Everything logged so far, as one text. */
  readonly logged: () => string;
}

/** Other times and parts than a test has by itself. */
export interface Otherwise {
  readonly times?: Partial<Times>;
  readonly parts?: Partial<GatewayParts>;
}

/** Both providers at `url`; gpt-4.1-mini first, then gpt-3.5-turbo, unless `env` says otherwise. */
export function testGateway(
  url: string,
  env: Readonly<Record<string, string>> = {},
  otherwise: Otherwise = {},
): TestGateway {
  const { logger, lines } = keptLogger();
  const read = readConfig({
    OPENAI_API_KEY: OPENAI_KEY,
    OPENAI_BASE_URL: `${url}/v1`,
    ANTHROPIC_API_KEY: ANTHROPIC_KEY,
    ANTHROPIC_BASE_URL: url,
    ...env,
  });
  // Below what may be configured: a test does not wait.
  const config = { ...read, AGENT_HTTP_BASE_BACKOFF_SECONDS: 0.005 };
  const times = { ...TIMES, turn: 30_000, minUseful: 100, keyThrottled: 5, ...otherwise.times };
  const { metrics, tracer } = silentTelemetry();
  const gateway = createGateway(
    config,
    { ...testParts({ config, times }), ...otherwise.parts },
    { metrics, gatewayMetrics: new GatewayMetrics(metrics.registry), tracer, logger },
    times,
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

/** The rest of a call whose caller and whose time are of no interest. */
export const calling = (more: Partial<CallContext> = {}): CallContext => ({
  call: { user: 'user-1' as UserId, workflow: 'run-1' as WorkflowId, request: '0'.repeat(32) as EventId },
  deadlineAt: undefined,
  signal: new AbortController().signal,
  logger: keptLogger().logger,
  live: { begin: () => undefined, text: () => undefined },
  ...more,
});

export const complete = (
  gateway: Pick<Gateway, 'complete'>,
  request: ModelRequest,
  signal: AbortSignal = new AbortController().signal,
): Promise<Completion> => gateway.complete(request, calling({ signal }));

export type Rejected = Extract<Completion, { kind: 'rejected' }>;
export type Answered = Exclude<Completion, Rejected>;

export function answered(completion: Completion): Answered {
  assert.notEqual(completion.kind, 'rejected', JSON.stringify(completion));
  return completion as Answered;
}

export function failed(completion: Completion): Rejected {
  assert.equal(completion.kind, 'rejected', JSON.stringify(completion));
  return completion;
}

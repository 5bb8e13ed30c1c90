// tool.requested → tool.completed or tool.failed. A call in the background is answered at once and its end is written as
// job.completed or job.failed; the delivery stays in hand until then, so that a crash brings it again.
import type { Failure, LogEvent } from '@troupe/contracts';
import type { Logger, Metrics, Outcome, Tracer, WorkContext, Write } from '@troupe/shared';
import { jobIdOf } from './job-id.ts';
import type { Performed } from './perform.ts';
import { observeTool } from './observe-tool.ts';
import { perform } from './perform.ts';
import type { Registry } from './registry.ts';
import type { Tool, ToolCall, ToolContext } from './tool.ts';
import { ToolError } from './tool.ts';

type Request = LogEvent<'tool.requested'>;
type Result = Outcome<'tool.requested'>;

export interface HandlerDependencies {
  readonly registry: Registry;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly tracer: Tracer;
  /** A text that no other attempt has. */
  readonly newToken: () => string;
  readonly now: () => number;
}

export function createHandler(dependencies: HandlerDependencies) {
  const { registry, logger, metrics } = dependencies;

  async function attempt(
    request: Request,
    tool: Tool,
    call: ToolCall,
    work: WorkContext,
  ): Promise<Performed> {
    const startedAt = performance.now();
    const { name, timeout_seconds } = tool.definition;
    const observed = { tool: name, callId: request.data.call_id, signal: work.signal };
    const performed = await observeTool(dependencies, observed, () =>
      perform({
        tool: name,
        call,
        context: contextOf(request, work),
        timeoutMs: timeout_seconds * 1_000,
        token: dependencies.newToken(),
        now: dependencies.now,
      }),
    );
    logger.info(
      {
        tool: name,
        result: performed.kind === 'failed' ? performed.error.failure.code : performed.kind,
        ms: Math.round(performance.now() - startedAt),
      },
      'tool call',
    );
    return performed;
  }

  return async (request: Request, work: WorkContext): Promise<Result> => {
    let tool: Tool | undefined;
    let call: ToolCall;
    try {
      tool = registry.find(request.data.tool);
      call = tool.prepare(request.data.arguments);
    } catch (error) {
      if (!(error instanceof ToolError)) throw error;
      metrics.toolCall(tool?.definition.name, 'error');
      return failed(request, error);
    }
    if (!call.inBackground) return outcomeOf(request, await attempt(request, tool, call, work));
    const accepted = acceptedAs(request);
    const written = await work.write(accepted.type, 'outcome', accepted.data);
    if (written.kind !== 'closed') await endJob(request, await attempt(request, tool, call, work), work);
    return accepted;
  };
}

/** The outcome of a request that was given up after its last attempt; a job that it had accepted is ended, too. */
export async function givenUp(request: Request, failure: Failure, write: Write): Promise<Result> {
  const outcome = failed(request, new ToolError(failure, { retryable: true, outcome: 'unknown' }));
  const written = await write(outcome.type, 'outcome', outcome.data);
  const accepted = written.kind === 'present' && written.event.type === 'tool.completed';
  if (accepted && written.event.data.job_id !== undefined)
    await write('job.failed', 'job', { job_id: jobIdOf(request.id), error: failure });
  return outcome;
}

function contextOf(request: Request, work: WorkContext): ToolContext {
  const { user, workflow, correlationId, id, position, data } = request;
  return {
    ...work,
    user,
    workflow,
    correlationId,
    callId: data.call_id,
    effectId: id,
    seq: position.seq,
  };
}

function outcomeOf(request: Request, performed: Performed): Result {
  const { call_id, tool } = request.data;
  switch (performed.kind) {
    case 'done':
      return {
        type: 'tool.completed',
        data: { tool: tool.name, call_id, output: { text: JSON.stringify(performed.output) } },
      };
    case 'failed':
      return failed(request, performed.error);
    case 'closed':
      // Whoever closed the request answered it: this one is refused as late.
      return failed(request, new ToolError(CLOSED));
  }
}

const CLOSED: Failure = {
  code: 'request_closed',
  message: 'The request was closed before the tool acted.',
  hint: 'Nothing needs to be done.',
};

const failed = (request: Request, error: ToolError): Result => ({
  type: 'tool.failed',
  data: {
    tool: request.data.tool.name,
    call_id: request.data.call_id,
    error: error.failure,
    retryable: error.retryable,
    outcome: error.outcome,
  },
});

function acceptedAs(request: Request): Extract<Result, { type: 'tool.completed' }> {
  const { call_id, tool } = request.data;
  const job_id = jobIdOf(request.id);
  const output = { text: JSON.stringify({ job_id, status: 'running' }) };
  return { type: 'tool.completed', data: { tool: tool.name, call_id, job_id, output } };
}

async function endJob(request: Request, performed: Performed, { write }: WorkContext): Promise<void> {
  const job_id = jobIdOf(request.id);
  switch (performed.kind) {
    case 'done':
      await write('job.completed', 'job', { job_id, output: { text: JSON.stringify(performed.output) } });
      return;
    case 'failed':
      await write('job.failed', 'job', { job_id, error: performed.error.failure });
      return;
    case 'closed':
  }
}

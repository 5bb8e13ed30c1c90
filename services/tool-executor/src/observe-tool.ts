// What is told of every attempt at a tool call: one count and one span. Never its arguments or its output.
import type { Metrics, ToolCallStatus, Tracer } from '@troupe/shared';
import { NoLongerWanted } from '@troupe/shared';
import type { Performed } from './perform.ts';

export interface ObservedCall {
  /** Its name in the registry. */
  readonly tool: string;
  readonly callId: string;
  /** Aborted with NoLongerWanted where whoever asked left. */
  readonly signal: AbortSignal;
}

export function observeTool(
  { metrics, tracer }: { readonly metrics: Metrics; readonly tracer: Tracer },
  { tool, callId, signal }: ObservedCall,
  perform: () => Promise<Performed>,
): Promise<Performed> {
  return tracer.span(
    () => ({
      name: `execute_tool ${tool}`,
      kind: 'internal',
      attributes: {
        'gen_ai.operation.name': 'execute_tool',
        'gen_ai.tool.name': tool,
        'gen_ai.tool.type': 'function',
        'gen_ai.tool.call.id': callId,
      },
    }),
    async (span) => {
      try {
        const performed = await perform();
        if (performed.kind === 'failed') span.fail(performed.error.failure.code);
        metrics.toolCall(tool, statusOf(performed));
        return performed;
      } catch (error) {
        // A process that drains leaves the call to another one, which then counts it.
        if (signal.reason instanceof NoLongerWanted) metrics.toolCall(tool, 'cancelled');
        else if (!signal.aborted) metrics.toolCall(tool, 'error');
        throw error;
      }
    },
  );
}

function statusOf(performed: Performed): ToolCallStatus {
  switch (performed.kind) {
    case 'done':
      return 'ok';
    case 'closed':
      return 'cancelled';
    case 'failed':
      return STATUS_OF_CODE[performed.error.failure.code] ?? 'error';
  }
}

const STATUS_OF_CODE: Readonly<Partial<Record<string, ToolCallStatus>>> = {
  tool_timeout: 'timeout',
  job_cancelled: 'cancelled',
};

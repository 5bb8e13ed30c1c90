// An executor whose tools do nothing: the shipped settings and the kernel's worker. It announces the tools that the built-in
// workflow type offers, as `idempotent`, so that a call is two messages of the log.
import { runService, startWorker } from '@troupe/shared';
import { automation } from '../../../../services/planner/src/workflows/automation.ts';
import { readConfig } from '../../../../services/tool-executor/src/config.ts';

await runService({
  name: 'tool-executor',
  readConfig: () => readConfig(),
  start: async (kernel, { AGENT_TOOL_CONCURRENCY }, onFatal) => {
    await kernel.tools.announce(
      automation.tools.map((name) => ({
        name,
        description: 'Does nothing.',
        input_schema: { type: 'object' },
        output_schema: { type: 'object' },
        effect: 'idempotent' as const,
        timeout_seconds: 5,
      })),
    );
    const worker = startWorker({
      kernel,
      service: 'tool-executor',
      request: 'tool.requested',
      consumer: 'tool-executor',
      concurrency: AGENT_TOOL_CONCURRENCY,
      maxAttempts: 5,
      acts: true,
      handle: ({ data: { tool, call_id } }) =>
        Promise.resolve({
          type: 'tool.completed',
          data: { tool: tool.name, call_id, output: { text: '{"notification_id":"n_1"}' } },
        }),
      givenUp: ({ data: { tool, call_id } }, error) => ({
        type: 'tool.failed',
        data: { tool: tool.name, call_id, error, retryable: false, outcome: 'not_done' },
      }),
      onFatal,
    });
    return { actors: [worker] };
  },
});

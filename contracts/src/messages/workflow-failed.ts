// A run ended without reaching its goal; `error` says why and what to do. Terminal: nothing is appended to the log behind it.
import { z } from 'zod';
import { defineMessage } from '../define-message.ts';
import { WorkflowResult } from '../workflow.ts';

export const workflowFailed = defineMessage({
  type: 'workflow.failed',
  version: 1,
  writers: ['planner', 'planner:door', 'planner:given-up'],
  readers: ['user'],
  schema: WorkflowResult.extend({ status: z.literal('failed') }),
  example: {
    workflow_id: 'wf_1',
    user_id: 'local',
    workflow_type: 'automation',
    status: 'failed',
    error: {
      code: 'deadline_exceeded',
      message: 'The run took longer than 900 s.',
      hint: 'Raise deadline_seconds.',
    },
    steps: 5,
    usage: { input_tokens: 1_200, output_tokens: 90 },
    correlation_id: 'wf_1',
    started_at: '2026-11-22T10:00:00.000Z',
    finished_at: '2026-11-22T10:00:02.500Z',
  },
});

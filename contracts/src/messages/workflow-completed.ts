// A run reached its goal. Terminal: nothing is appended to the log behind it.
import { z } from 'zod';
import { defineMessage } from '../define-message.ts';
import { WorkflowResult } from '../workflow.ts';

export const workflowCompleted = defineMessage({
  type: 'workflow.completed',
  version: 1,
  writers: ['planner'],
  readers: ['memory', 'user'],
  schema: WorkflowResult.extend({ status: z.literal('completed') }),
  example: {
    workflow_id: 'wf_1',
    user_id: 'local',
    workflow_type: 'automation',
    status: 'completed',
    answer: 'The total is 42.',
    steps: 5,
    usage: { input_tokens: 1_200, output_tokens: 90 },
    correlation_id: 'wf_1',
    started_at: '2026-11-22T10:00:00.000Z',
    finished_at: '2026-11-22T10:00:02.500Z',
  },
});

// A run was refused because the feature flag is off; nothing was done. Terminal: nothing is appended to the log behind it.
import { z } from 'zod';
import { defineMessage } from '../define-message.ts';
import { WorkflowResult } from '../workflow.ts';

export const workflowDisabled = defineMessage({
  type: 'workflow.disabled',
  version: 1,
  writers: ['planner'],
  readers: ['user'],
  schema: WorkflowResult.extend({ status: z.literal('disabled') }),
  example: {
    workflow_id: 'wf_1',
    user_id: 'local',
    workflow_type: 'automation',
    status: 'disabled',
    reason: 'feature_flag_off',
    steps: 5,
    usage: { input_tokens: 1_200, output_tokens: 90 },
    correlation_id: 'wf_1',
    started_at: '2026-11-22T10:00:00.000Z',
    finished_at: '2026-11-22T10:00:02.500Z',
  },
});

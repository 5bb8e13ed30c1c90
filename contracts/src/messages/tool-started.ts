// The intent of a tool whose effect must happen once, written before it acts. Found without an outcome after a crash,
// it says that the outcome is unknown; nothing acts a second time.
import { z } from 'zod';
import { defineMessage } from '../define-message.ts';
import { ToolName } from '../tool.ts';

export const toolStarted = defineMessage({
  type: 'tool.started',
  version: 1,
  writers: ['tool-executor'],
  readers: ['tool-executor', 'user'],
  schema: z.object({
    tool: ToolName,
    token: z.string().describe('of the attempt that started it: tells its writer from a racing one'),
  }),
  example: { tool: 'notify_user', token: '5b2f0c' },
});

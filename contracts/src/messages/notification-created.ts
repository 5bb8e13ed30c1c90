// A short message for the user. Whoever subscribes to `agents.notification.created.*.<user>.*` shows it.
import { z } from 'zod';
import { defineMessage } from '../define-message.ts';

export const notificationCreated = defineMessage({
  type: 'notification.created',
  version: 1,
  writers: ['tool-executor'],
  readers: ['user'],
  schema: z.object({
    notification_id: z.string(),
    level: z.enum(['info', 'warning', 'error']),
    message: z.string().min(1).max(500),
  }),
  example: { notification_id: 'n_1', level: 'info', message: 'The total is 42.' },
});

// A timer of the machine (`after`) is due. The planner's clock writes it from the schedule stream if the run still waits.
import { z } from 'zod';
import { defineMessage } from '../define-message.ts';
import { EventId } from '../ids.ts';

export const timerFired = defineMessage({
  type: 'timer.fired',
  version: 1,
  writers: ['planner:clock'],
  readers: ['planner'],
  schema: z.object({ timer: EventId.describe('id of the timer, as set'), due_at: z.iso.datetime() }),
  example: { timer: '0123456789abcdef0123456789abcdef', due_at: '2026-11-22T10:15:00.000Z' },
});
export type TimerFired = z.infer<typeof timerFired.schema>;

// What a model is saying, told while it says it, at `agents.live.<user>.<workflow>`: not stored, not promised, costs nobody anything who
// does not listen. The log has the answer; this is for eyes. Text comes once per epoch and in order, so a reader needs two rules:
//  - A higher epoch replaces what was shown of this request, a lower one is ignored: the answer was begun anew, here or elsewhere.
//  - Within an epoch `seq` is 1, 2, 3 …; a number that is skipped means that text is missing, and only the log has it.
import { z } from 'zod';
import type { WorkflowKey } from './ids.ts';
import { EventId } from './ids.ts';

/** Of which epoch of which answer. */
const place = {
  request: EventId.describe('the llm.requested that is answered'),
  epoch: z
    .int()
    .positive()
    .describe('grows with every beginning of the answer; the milliseconds since 1970 when it began'),
  seq: z.int().nonnegative(),
};

export const LiveMessage = z.discriminatedUnion('kind', [
  z.object({ ...place, kind: z.literal('text'), text: z.string().min(1) }),
  /** What was shown so far is void: the answer is begun anew. */
  z.object({ ...place, kind: z.literal('reset') }),
  /** No more comes from whoever sent this; the log tells how the request ended. */
  z.object({ ...place, kind: z.literal('end') }),
]);
export type LiveMessage = z.infer<typeof LiveMessage>;

export const liveSubject = ({ user, workflow }: WorkflowKey): string => `agents.live.${user}.${workflow}`;

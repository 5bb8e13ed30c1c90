// Why a message at the door is refused: a stable code, what is wrong with this message, and what to do about it.
import type { Failure, WorkflowKey } from '@troupe/contracts';

const HINTS = {
  invalid_subject:
    'Publish at agents.workflow.requested, agents.workflow.signalled or agents.workflow.cancel_requested, with nothing or the user id behind it.',
  request_too_large:
    'Send less, under a new workflow_id: shorten the history, and put large data where a tool of the run can fetch it.',
  invalid_json:
    'Send one JSON object in UTF-8, or a CloudEvent whose data is one, and check it with a JSON parser.',
  invalid_request:
    "Mend the fields that the message names (README, 'Publish from any client') and publish it again, a request under a new workflow_id.",
  invalid_user: 'Use an opaque id for the user, for example a UUID; not an e-mail address or a name.',
  user_mismatch: 'Leave user_id out of the body where the subject names the user.',
  invalid_workflow_id: 'Use an id such as a UUID, or leave workflow_id out: then one is made.',
} as const;

export interface Fault {
  readonly code: keyof typeof HINTS;
  readonly message: string;
}

/** What was asked for, as far as the message tells: whatever answers it is known by that. */
export interface Asked {
  /** Where the message safely names a workflow that an answer can be given to. */
  readonly key: WorkflowKey | undefined;
  /** There may be no such type. */
  readonly workflowType: string | undefined;
  readonly correlationId: string | undefined;
  /** Of the client's span. */
  readonly traceparent: string | undefined;
}

export interface Refusal extends Fault, Asked {}

export const failureOf = ({ code, message }: Fault): Failure => ({ code, message, hint: HINTS[code] });

// What any client does: publish a request, follow its events, take the result. Plain NATS; nothing of the services is needed.
import type { StoredEvent, WorkflowRequest, WorkflowResult } from '@troupe/contracts';
import { doorSubject, isTerminal, UserId, WorkflowId } from '@troupe/contracts';
import type { Kernel } from '@troupe/shared';
import { StartupError } from '@troupe/shared';
import type { z } from 'zod';

export interface Submission {
  readonly user: string;
  readonly workflow: string;
  readonly request: z.input<typeof WorkflowRequest>;
  /** Called with every event of the run, in the order of the log. */
  readonly onEvent?: (event: StoredEvent) => void;
  readonly signal: AbortSignal;
}

/** Publishes the request and follows the run to its end. Throws StartupError `door_unavailable`, or the signal's reason. */
export async function runWorkflow(kernel: Kernel, submission: Submission): Promise<WorkflowResult> {
  const { request, signal, onEvent } = submission;
  const key = { user: UserId.parse(submission.user), workflow: WorkflowId.parse(submission.workflow) };
  const outcome = await kernel.publisher.publish(
    doorSubject('workflow.requested', key.user),
    {},
    JSON.stringify({ ...request, workflow_id: key.workflow }),
    10_000,
  );
  if (outcome.kind !== 'stored') {
    throw new StartupError({
      code: 'door_unavailable',
      message: `The request was not accepted (${outcome.kind}).`,
      hint: 'Is the stack running and provisioned? `npm run dev` starts it.',
    });
  }
  for await (const event of kernel.log.follow(key, signal)) {
    onEvent?.(event);
    if (event.type !== 'unknown' && isTerminal(event.type)) return event.data as WorkflowResult;
  }
  throw signal.reason;
}

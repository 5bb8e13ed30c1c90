// What any client does: publish a request, follow its events, take the result. Plain NATS; nothing of the services is needed.
import type {
  DoorType,
  StoredEvent,
  UserId,
  WorkflowKey,
  WorkflowRequest,
  WorkflowResult,
} from '@troupe/contracts';
import { doorSubject, isTerminal, UserId as User, WorkflowId } from '@troupe/contracts';
import type { Kernel } from '@troupe/shared';
import { createLogger, openKernel, StartupError } from '@troupe/shared';
import type { z } from 'zod';

/** A connection as a client has one; whoever opens it disposes it. Throws StartupError `nats_unreachable` and others. */
export const openClient = (url: string): Promise<Kernel> =>
  openKernel({ url, name: 'troupe-cli', logger: createLogger('troupe-cli', 'silent') });

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
  const key = { user: User.parse(submission.user), workflow: WorkflowId.parse(submission.workflow) };
  await knock(kernel, 'workflow.requested', key.user, { ...request, workflow_id: key.workflow });
  return resultOf(kernel, key, { signal, ...(onEvent && { onEvent }) });
}

const STORED_WITHIN_MS = 10_000;

/** Publishes at the door; resolves when it is stored. Throws StartupError `door_unavailable`. */
export async function knock(kernel: Kernel, type: DoorType, user: UserId, body: object): Promise<void> {
  const subject = doorSubject(type, user);
  const outcome = await kernel.publisher.publish(subject, {}, JSON.stringify(body), STORED_WITHIN_MS);
  if (outcome.kind === 'stored') return;
  throw new StartupError({
    code: 'door_unavailable',
    message: `The request was not accepted (${outcome.kind}).`,
    hint: 'Is the stack running and provisioned? `npm run dev` starts it; `troupe doctor` says what is missing.',
  });
}

/** Follows a run to its end. Throws the signal's reason. */
export async function resultOf(
  kernel: Kernel,
  key: WorkflowKey,
  { signal, onEvent }: Pick<Submission, 'signal' | 'onEvent'>,
): Promise<WorkflowResult> {
  for await (const event of kernel.log.follow(key, signal)) {
    onEvent?.(event);
    const result = resultIn(event);
    if (result !== undefined) return result;
  }
  throw signal.reason;
}

/** The result that a terminal event is; undefined for any other event. */
export const resultIn = (event: StoredEvent): WorkflowResult | undefined =>
  event.type !== 'unknown' && isTerminal(event.type) ? (event.data as WorkflowResult) : undefined;

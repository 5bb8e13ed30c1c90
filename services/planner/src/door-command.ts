// What somebody published at the door, made one thing: a valid command, or why not. Pure. Nothing of the message but what is named
// here goes further; `Nats-*` headers in particular do not.
import { z } from 'zod';
import type { DataOf, DoorType, WorkflowKey } from '@troupe/contracts';
import {
  contractOf,
  DOOR_TYPES,
  parseDoorSubject,
  UserId,
  WorkflowId,
  WorkflowRequest,
} from '@troupe/contracts';
import type { Content, DoorMessage } from './door-message.ts';
import { contentOf, traceparentOf, userOf, workflowOf } from './door-message.ts';
import type { Asked, Fault, Refusal } from './refusal.ts';

/** A valid command. `workflow` is the caller's id, where one was given. */
export type Command =
  | {
      readonly type: 'workflow.requested';
      readonly user: UserId;
      readonly workflow: WorkflowId | undefined;
      readonly correlationId: string | undefined;
      readonly traceparent: string | undefined;
      readonly request: WorkflowRequest;
    }
  | Told<'workflow.signalled'>
  | Told<'workflow.cancel_requested'>;

/** For a run that is going on. */
type Told<Type extends DoorType> = WorkflowKey & { readonly type: Type; readonly data: DataOf<Type> };

export type ParsedCommand =
  | { readonly ok: true; readonly command: Command }
  | { readonly ok: false; readonly refusal: Refusal };

/** Characters of JSON that a signal's data may take: it stands in the machine's memory as well as in the log. */
const MAX_SIGNAL = 64 * 1024;

/** No run can answer for it. */
const UNTOLD: Asked = {
  key: undefined,
  workflowType: undefined,
  correlationId: undefined,
  traceparent: undefined,
};

const TypeAsked = WorkflowRequest.pick({ workflow_type: true });
const to = { workflow_id: WorkflowId, user_id: UserId.optional() };
const CancelRequest = contractOf('workflow.cancel_requested').schema.extend(to);
const Signal = contractOf('workflow.signalled')
  .schema.extend(to)
  .refine(({ data }) => data === undefined || JSON.stringify(data).length <= MAX_SIGNAL, {
    path: ['data'],
    message: `must be at most ${MAX_SIGNAL} characters of JSON`,
  });

export function parseCommand(message: DoorMessage): ParsedCommand {
  const subject = parseDoorSubject(message.subject);
  const type = DOOR_TYPES.find((known) => known === subject?.type);
  if (subject === undefined || type === undefined)
    return refused({ code: 'invalid_subject', message: 'Nothing listens at this subject.' });
  const content = contentOf(message);
  const who = userOf(subject.user, content.data);
  const fault = content.fault ?? who.fault;
  if (who.user === undefined) return refused(content.fault ?? who.fault);
  if (type === 'workflow.requested') return parseRequest({ message, content, user: who.user, fault });
  if (fault !== undefined) return refused(fault);
  return type === 'workflow.signalled'
    ? parseSignal(content.data, who.user)
    : parseCancel(content.data, who.user);
}

function parseRequest(given: {
  readonly message: DoorMessage;
  readonly content: Content;
  readonly user: UserId;
  readonly fault: Fault | undefined;
}): ParsedCommand {
  const { message, user, content } = given;
  const { data, correlationId } = content;
  const { workflow, fault = given.fault } = workflowOf(data);
  const traceparent = traceparentOf(message);
  const asked = {
    key: workflow && { user, workflow },
    workflowType: TypeAsked.safeParse(data).data?.workflow_type,
    correlationId,
    traceparent,
  };
  if (fault !== undefined) return refused(given.fault ?? fault, asked);
  const request = WorkflowRequest.safeParse(data);
  if (!request.success) return refused(schemaFault(request.error), asked);
  return {
    ok: true,
    command: {
      type: 'workflow.requested',
      user,
      workflow,
      correlationId,
      traceparent,
      request: request.data,
    },
  };
}

function parseSignal(data: unknown, user: UserId): ParsedCommand {
  const signal = Signal.safeParse(data);
  if (!signal.success) return refused(schemaFault(signal.error));
  const { workflow_id: workflow, name, data: told } = signal.data;
  return { ok: true, command: { type: 'workflow.signalled', user, workflow, data: { name, data: told } } };
}

function parseCancel(data: unknown, user: UserId): ParsedCommand {
  const cancel = CancelRequest.safeParse(data);
  if (!cancel.success) return refused(schemaFault(cancel.error));
  const { workflow_id: workflow, reason } = cancel.data;
  return { ok: true, command: { type: 'workflow.cancel_requested', user, workflow, data: { reason } } };
}

const schemaFault = (error: z.ZodError): Fault => ({
  code: 'invalid_request',
  message: z.prettifyError(error).slice(0, 1_500),
});

const refused = (fault: Fault, asked: Asked = UNTOLD): ParsedCommand => ({
  ok: false,
  refusal: { ...asked, ...fault },
});

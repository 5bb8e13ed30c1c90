// What somebody published at the door, made one thing: binary CloudEvent, structured CloudEvent or bare JSON. Pure. Nothing of
// the message but what is named here goes further; `Nats-*` headers in particular do not.
import { z } from 'zod';
import type { DoorType } from '@troupe/contracts';
import {
  CorrelationId,
  DOOR_TYPES,
  parseDoorSubject,
  UserId,
  WorkflowId,
  WorkflowRequest,
} from '@troupe/contracts';
import { parseJson } from './parse-json.ts';

export interface Knock {
  readonly subject: string;
  readonly header: (name: string) => string | undefined;
  readonly body: Uint8Array;
}

/** A valid wish. `workflow` is the caller's id, where one was given. */
export type Wish =
  | {
      readonly type: 'workflow.requested';
      readonly user: UserId;
      readonly workflow: WorkflowId | undefined;
      readonly correlationId: string | undefined;
      readonly traceparent: string | undefined;
      readonly request: WorkflowRequest;
    }
  | {
      readonly type: 'workflow.cancel_requested';
      readonly user: UserId;
      readonly workflow: WorkflowId;
      readonly reason: string | undefined;
    };

/** Why not; with the workflow, where the message names one that an answer can be given to. */
export interface Refusal {
  readonly code:
    | 'invalid_subject'
    | 'request_too_large'
    | 'invalid_json'
    | 'invalid_request'
    | 'invalid_user'
    | 'user_mismatch'
    | 'invalid_workflow_id';
  readonly message: string;
  readonly key: { readonly user: UserId; readonly workflow: WorkflowId } | undefined;
}

export type Heard =
  | { readonly ok: true; readonly wish: Wish }
  | { readonly ok: false; readonly refusal: Refusal };

/** Who asks when neither subject nor body says so. */
const LOCAL_USER = UserId.parse('local');

const CancelRequest = z.object({
  workflow_id: WorkflowId,
  user_id: UserId.optional(),
  reason: z.string().max(500).optional(),
});
const StructuredEvent = z.object({
  specversion: z.literal('1.0'),
  data: z.unknown(),
  correlationid: CorrelationId.optional().catch(undefined),
});

/** What the log adds to a request must fit beside it into a message of the server, at most 1 MiB. */
const MAX_BODY_BYTES = 960 * 1024;

/** W3C Trace Context: it goes into every event of the run, so nothing else may pass for it. */
const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

const decoder = new TextDecoder('utf-8', { fatal: true });

export function hear(knock: Knock): Heard {
  const subject = parseDoorSubject(knock.subject);
  const type = DOOR_TYPES.find((known) => known === subject?.type);
  if (subject === undefined || type === undefined)
    return no('invalid_subject', `Nothing listens at ${knock.subject}.`);
  if (knock.body.length > MAX_BODY_BYTES)
    return no('request_too_large', `The body has more than ${MAX_BODY_BYTES} bytes.`);
  const content = contentOf(knock);
  if (!content.ok) return no(content.code, content.message);
  const { data, correlationId } = content;
  const user = userOf(subject.user, data);
  if (!user.ok) return no(user.code, user.message);
  return type === 'workflow.requested'
    ? hearRequest({ data, user: user.user, correlationId, traceparent: traceparentOf(knock) })
    : hearCancel(data, user.user);
}

type Content =
  | { ok: true; data: unknown; correlationId: string | undefined }
  | { ok: false; code: 'invalid_json' | 'invalid_request'; message: string };

function contentOf({ header, body }: Knock): Content {
  const json = jsonOf(body);
  if (json === undefined)
    return {
      ok: false,
      code: 'invalid_json',
      message: 'The body is not JSON in UTF-8, at most 64 levels deep.',
    };
  const contentType = header('content-type') ?? header('Content-Type') ?? '';
  if (!contentType.toLowerCase().startsWith('application/cloudevents'))
    return { ok: true, data: json, correlationId: CorrelationId.safeParse(header('ce-correlationid')).data };
  const event = StructuredEvent.safeParse(json);
  return event.success
    ? { ok: true, data: event.data.data, correlationId: event.data.correlationid }
    : { ok: false, code: 'invalid_request', message: 'The body is not a CloudEvent 1.0 in structured JSON.' };
}

function jsonOf(body: Uint8Array): unknown {
  try {
    return parseJson(decoder.decode(body));
  } catch {
    return undefined;
  }
}

type UserFound =
  | { ok: true; user: UserId }
  | { ok: false; code: 'invalid_user' | 'user_mismatch'; message: string };

/** The subject decides where it names a user; a body that says otherwise is refused, not obeyed. */
function userOf(inSubject: string | undefined, data: unknown): UserFound {
  const inBody = member(data, 'user_id');
  const named = inSubject ?? inBody ?? LOCAL_USER;
  const user = UserId.safeParse(named);
  if (!user.success)
    return {
      ok: false,
      code: 'invalid_user',
      message: 'The user id must be 1 to 64 characters of A-Z a-z 0-9 _ -.',
    };
  if (inSubject !== undefined && inBody !== undefined && inBody !== inSubject) {
    return {
      ok: false,
      code: 'user_mismatch',
      message: 'The user_id of the body is not the user of the subject.',
    };
  }
  return { ok: true, user: user.data };
}

function hearRequest(given: {
  data: unknown;
  user: UserId;
  correlationId: string | undefined;
  traceparent: string | undefined;
}): Heard {
  const { data, user, traceparent } = given;
  const request = WorkflowRequest.safeParse(data);
  if (request.success) {
    const { workflow_id: workflow, correlation_id } = request.data;
    const correlationId = correlation_id ?? given.correlationId;
    return {
      ok: true,
      wish: { type: 'workflow.requested', user, workflow, correlationId, traceparent, request: request.data },
    };
  }
  const named = member(data, 'workflow_id');
  const workflow = WorkflowId.safeParse(named);
  if (named !== undefined && !workflow.success) {
    return no('invalid_workflow_id', 'The workflow id must be 1 to 64 characters of A-Z a-z 0-9 _ -.');
  }
  const key = workflow.success ? { user, workflow: workflow.data } : undefined;
  return {
    ok: false,
    refusal: { code: 'invalid_request', message: z.prettifyError(request.error).slice(0, 1_500), key },
  };
}

function hearCancel(data: unknown, user: UserId): Heard {
  const cancel = CancelRequest.safeParse(data);
  if (!cancel.success) return no('invalid_request', z.prettifyError(cancel.error).slice(0, 1_500));
  const { workflow_id: workflow, reason } = cancel.data;
  return { ok: true, wish: { type: 'workflow.cancel_requested' satisfies DoorType, user, workflow, reason } };
}

function traceparentOf({ header }: Knock): string | undefined {
  const value = header('traceparent');
  return value !== undefined && TRACEPARENT.test(value) ? value : undefined;
}

const member = (data: unknown, name: string): unknown =>
  data !== null && typeof data === 'object' && Object.hasOwn(data, name)
    ? (data as Record<string, unknown>)[name]
    : undefined;

const no = (code: Refusal['code'], message: string): Heard => ({
  ok: false,
  refusal: { code, message, key: undefined },
});

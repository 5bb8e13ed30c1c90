// The first look at a message from outside: its JSON, whether bare, a binary or a structured CloudEvent, and as much of who it is
// about as can be told, also where something else is wrong with it. Pure; knows nothing of requests and cancellations.
import { CorrelationId, parseTraceparent, UserId, WorkflowId } from '@troupe/contracts';
import { z } from 'zod';
import { parseJson } from './parse-json.ts';
import type { Fault } from './refusal.ts';

export interface DoorMessage {
  readonly subject: string;
  /** By its exact name. */
  readonly header: (name: string) => string | undefined;
  readonly body: Uint8Array;
}

export interface Content {
  /** Undefined where the body is no JSON. */
  readonly data: unknown;
  readonly correlationId: string | undefined;
  readonly fault: Fault | undefined;
}

/** What the log adds to a request must fit beside it into a message of the server, at most 1 MiB. */
const MAX_BODY_BYTES = 960 * 1024;
/** A larger body is not even looked into; a server takes none unless its max_payload was raised. */
const MAX_READ_BYTES = 1024 * 1024;

const StructuredEvent = z.object({ specversion: z.literal('1.0'), data: z.unknown() });
const decoder = new TextDecoder('utf-8', { fatal: true });

export function contentOf(message: DoorMessage): Content {
  const json = message.body.length > MAX_READ_BYTES ? undefined : jsonOf(message.body);
  const isStructured = (headerOf(message, 'content-type') ?? '')
    .toLowerCase()
    .startsWith('application/cloudevents');
  const data = isStructured ? member(json, 'data') : json;
  const correlationIds = [
    member(data, 'correlation_id'),
    isStructured ? member(json, 'correlationid') : headerOf(message, 'ce-correlationid'),
  ];
  return {
    data,
    correlationId: correlationIds.map((id) => CorrelationId.safeParse(id).data).find(Boolean),
    fault: faultIn(message, json, isStructured),
  };
}

function faultIn({ body }: DoorMessage, json: unknown, isStructured: boolean): Fault | undefined {
  if (body.length > MAX_BODY_BYTES)
    return { code: 'request_too_large', message: `The body has more than ${MAX_BODY_BYTES} bytes.` };
  if (json === undefined)
    return { code: 'invalid_json', message: 'The body is not JSON in UTF-8, at most 64 levels deep.' };
  if (isStructured && !StructuredEvent.safeParse(json).success)
    return {
      code: 'invalid_request',
      message: 'The body is not a CloudEvent 1.0 in structured JSON, as its content-type says.',
    };
  return undefined;
}

function jsonOf(body: Uint8Array): unknown {
  try {
    return parseJson(decoder.decode(body));
  } catch {
    return undefined;
  }
}

/** Who asks when neither subject nor body says so. */
const LOCAL_USER = UserId.parse('local');

/** The subject decides where it names a user; a body that says otherwise is refused, not obeyed. */
export function userOf(
  inSubject: string | undefined,
  data: unknown,
):
  | { readonly user: UserId; readonly fault: Fault | undefined }
  | { readonly user: undefined; readonly fault: Fault } {
  const inBody = member(data, 'user_id');
  const user = UserId.safeParse(inSubject ?? inBody ?? LOCAL_USER).data;
  if (user === undefined) {
    const message = 'The user id must be 1 to 64 characters of A-Z a-z 0-9 _ -.';
    return { user, fault: { code: 'invalid_user', message } };
  }
  if (inSubject === undefined || inBody === undefined || inBody === inSubject)
    return { user, fault: undefined };
  const message = 'The user_id of the body is not the user of the subject.';
  return { user, fault: { code: 'user_mismatch', message } };
}

/** The workflow id that the body gives, if it gives one. */
export function workflowOf(data: unknown): {
  readonly workflow: WorkflowId | undefined;
  readonly fault: Fault | undefined;
} {
  const named = member(data, 'workflow_id');
  const workflow = WorkflowId.safeParse(named).data;
  if (named === undefined || workflow !== undefined) return { workflow, fault: undefined };
  const message = 'The workflow id must be 1 to 64 characters of A-Z a-z 0-9 _ -.';
  return { workflow, fault: { code: 'invalid_workflow_id', message } };
}

/** It goes into the run's first event, and its trace into every other: nothing else may pass for it. */
export function traceparentOf(message: DoorMessage): string | undefined {
  const value = headerOf(message, 'traceparent');
  return parseTraceparent(value) && value;
}

/** Headers keep the case that the publisher gave them, and libraries give three. */
function headerOf({ header }: DoorMessage, name: string): string | undefined {
  const capitalised = name.replaceAll(/\b[a-z]/g, (letter) => letter.toUpperCase());
  return header(name) ?? header(capitalised) ?? header(name.toUpperCase());
}

const member = (data: unknown, name: string): unknown =>
  data !== null && typeof data === 'object' && Object.hasOwn(data, name)
    ? (data as Record<string, unknown>)[name]
    : undefined;

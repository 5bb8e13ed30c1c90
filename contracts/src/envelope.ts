// CloudEvents 1.0 in binary mode: the envelope is headers, the body is the data as JSON. This file turns an event into
// headers and bytes and back; it knows nothing of a NATS client.
import { z } from 'zod';
import type { DataOf, MessageType } from './catalogue.ts';
import { catalogue, contractOf, dataSchemaOf } from './catalogue.ts';
import type { WorkflowKey } from './ids.ts';
import type { EventId } from './ids.ts';
import { CORRELATION_ID, EVENT_ID } from './ids.ts';
import { logSubject, parseLogSubject } from './subjects.ts';

/** Where an event stands: its sequence in the stream, and its number (1, 2, 3 …) within its workflow. */
export interface Position {
  readonly seq: number;
  readonly sequence: number;
}

/** Before the first event of a workflow. */
export const START: Position = { seq: 0, sequence: 0 };

/** An event that a service wants to append. */
export type EventDraft<Type extends MessageType = MessageType> = {
  [T in Type]: WorkflowKey & {
    readonly type: T;
    readonly id: EventId;
    readonly source: string;
    readonly correlationId: string;
    readonly causationId: string;
    readonly data: DataOf<T>;
    readonly workflowType?: string | undefined;
    readonly traceparent?: string | undefined;
  };
}[Type];

/** What every stored event tells, whatever its type, also a type that this version does not know. */
export interface Envelope extends WorkflowKey {
  readonly id: EventId;
  readonly source: string;
  readonly correlationId: string;
  readonly causationId: string;
  /** Of the run, for names of spans and metrics; absent from events of the first release. */
  readonly workflowType?: string | undefined;
  readonly traceparent: string | undefined;
  readonly position: Position;
  /** The stream sequence of the workflow's event before this one (0: none), which the append expected. */
  readonly previous: number;
  /** The stream's time, in milliseconds since 1970: the only clock of the fold. */
  readonly storedAt: number;
}

/** A stored event of a type in the catalogue, its data parsed. */
export type LogEvent<Type extends MessageType = MessageType> = {
  [T in Type]: Envelope & { readonly type: T; readonly data: DataOf<T> };
}[Type];

/** A stored event of a type that this version does not know: it counts, and means nothing. */
export type UnknownEvent = Envelope & { readonly type: 'unknown'; readonly unknownType: string };
export type StoredEvent = LogEvent | UnknownEvent;

/** A message as the server hands it out. */
export interface RawMessage {
  readonly subject: string;
  readonly header: (name: string) => string | undefined;
  readonly body: Uint8Array;
  readonly seq: number;
  readonly storedAt: number;
}

/** A stored message that breaks its contract: nobody but a service may write the log, so this is a bug or an attack. */
export class ContractError extends Error {
  override name = 'ContractError';
}

export const EXPECTED_LAST = 'Nats-Expected-Last-Subject-Sequence';

/** The headers and body of an event that becomes the workflow's event number `sequence`. Throws if the data breaks the schema. */
export function encodeEvent(
  draft: EventDraft,
  sequence: number,
  time: Date,
): { subject: string; headers: Record<string, string>; body: string } {
  const contract = contractOf(draft.type);
  return {
    subject: logSubject(draft.type, draft),
    headers: {
      'ce-specversion': '1.0',
      'ce-id': draft.id,
      'ce-type': draft.type,
      'ce-source': draft.source,
      'ce-subject': draft.workflow,
      'ce-time': time.toISOString(),
      'ce-datacontenttype': 'application/json',
      'ce-dataschema': dataSchemaOf(contract),
      'ce-correlationid': draft.correlationId,
      'ce-causationid': draft.causationId,
      'ce-sequence': String(sequence),
      ...(draft.workflowType === undefined ? {} : { 'ce-workflowtype': draft.workflowType }),
      ...(draft.traceparent === undefined ? {} : { traceparent: draft.traceparent }),
    },
    body: encodeData(draft),
  };
}

/**
 * Data that came out of its schema: parsing it again would change nothing. Every event is parsed where it is made (the planner
 * finds a machine's fault there) and encoded later.
 */
const conforming = new WeakSet<object>();

/** `data` as a draft of this type holds it: exactly the schema, members in its order. The schema's complaint otherwise. */
export function conformingData(type: MessageType, data: unknown): z.ZodSafeParseResult<unknown> {
  const parsed = contractOf(type).schema.safeParse(data);
  if (parsed.success) conforming.add(parsed.data);
  return parsed;
}

/** The body's bytes as text: what the replay property compares. Members stand in the schema's order. */
export const encodeData = ({ type, data }: Pick<EventDraft, 'type' | 'data'>): string =>
  JSON.stringify(conforming.has(data) ? data : contractOf(type).schema.parse(data));

const decoder = new TextDecoder('utf-8', { fatal: true });

/** The event in a stored message. Throws ContractError if the subject, an attribute or the data breaks the contract. */
export function decodeEvent(raw: RawMessage): StoredEvent {
  const subject = parseLogSubject(raw.subject);
  if (subject === undefined) throw new ContractError(`${raw.subject} is not a subject of the log`);
  const { user, workflow } = subject;
  const envelope: Envelope = { user, workflow, ...attributesOf(raw), storedAt: raw.storedAt };
  const contract = catalogue.get(subject.type);
  if (contract === undefined) return { ...envelope, type: 'unknown', unknownType: subject.type };
  return { ...envelope, type: contract.type, data: decodeData(contract.schema, raw) } as LogEvent;
}

/** The headers' part of an event; by hand, since this runs for every event that anybody reads. */
function attributesOf({
  subject,
  seq,
  header,
}: RawMessage): Omit<Envelope, 'user' | 'workflow' | 'storedAt'> {
  const id = header('ce-id') ?? '';
  const source = header('ce-source') ?? '';
  const correlationId = header('ce-correlationid') ?? '';
  const causationId = header('ce-causationid') ?? '';
  const sequence = Number(header('ce-sequence') ?? Number.NaN);
  const previous = Number(header(EXPECTED_LAST) ?? Number.NaN);
  const kept = {
    'ce-id': EVENT_ID.test(id),
    'ce-source': source !== '',
    'ce-correlationid': CORRELATION_ID.test(correlationId),
    'ce-causationid': causationId !== '',
    'ce-sequence': Number.isSafeInteger(sequence) && sequence > 0,
    [EXPECTED_LAST]: Number.isSafeInteger(previous) && previous >= 0,
  };
  for (const [name, good] of Object.entries(kept)) {
    if (!good) throw new ContractError(`event ${seq} at ${subject}: ${name} is absent or of a wrong form`);
  }
  return {
    ...{ id: id as EventId, source, correlationId: correlationId, causationId, previous },
    workflowType: header('ce-workflowtype'),
    traceparent: header('traceparent'),
    position: { seq, sequence },
  };
}

function decodeData(schema: z.ZodType, raw: RawMessage): unknown {
  let json: unknown;
  try {
    json = JSON.parse(decoder.decode(raw.body));
  } catch {
    throw new ContractError(`event ${raw.seq} at ${raw.subject}: the body is not JSON in UTF-8`);
  }
  const data = schema.safeParse(json);
  if (!data.success)
    throw new ContractError(`event ${raw.seq} at ${raw.subject}: ${z.prettifyError(data.error)}`);
  return data.data;
}

// A stored event, or what is left of one that was erased, as a line of a timeline and as a CloudEvent in structured mode. Pure.
import type { Skeleton, StoredEvent } from '@troupe/contracts';
import { progressLine } from './progress.ts';
import { onOneLine } from './terminal.ts';

/** When, what, by whom, and in short. */
export function timelineLine(event: StoredEvent): string {
  const time = new Date(event.storedAt).toISOString();
  const actor = event.source.replace('/troupe/', '');
  return onOneLine(`${time}  ${typeOf(event).padEnd(25)}  ${actor.padEnd(13)}  ${summary(event)}`).trimEnd();
}

const typeOf = (event: StoredEvent): string => (event.type === 'unknown' ? event.unknownType : event.type);

/** What is told while a run goes on, and a word for what is not. */
function summary(event: StoredEvent): string {
  const told = progressLine(event, false);
  if (told !== undefined) return told.replace(/^[▸✔✖✉ ]+/, '');
  switch (event.type) {
    case 'tool.requested':
      return event.data.tool.name;
    case 'tool.started':
      return event.data.tool;
    default:
      return '';
  }
}

/** https://cloudevents.io, JSON format: the attributes that the log keeps as headers, and the body as data. */
export const cloudEvent = (event: StoredEvent): object => ({
  specversion: '1.0',
  id: event.id,
  type: typeOf(event),
  source: event.source,
  subject: event.workflow,
  time: new Date(event.storedAt).toISOString(),
  user: event.user,
  correlationid: event.correlationId,
  causationid: event.causationId,
  sequence: event.position.sequence,
  streamsequence: event.position.seq,
  ...(event.traceparent === undefined ? {} : { traceparent: event.traceparent }),
  ...(event.type === 'unknown' ? {} : { datacontenttype: 'application/json', data: event.data }),
});

export type Bones = Skeleton['events'][number];

/** When, what and how large. */
export const erasedLine = ({ time, type, bytes }: Bones): string =>
  onOneLine(`${time}  ${type.padEnd(25)}  ${bytes} bytes, erased`);

/** Without its body, its author and its ids, which are gone: the archive is its source. */
export const erasedCloudEvent = ({ user, workflow, erased_at }: Skeleton, bones: Bones): object => ({
  specversion: '1.0',
  id: `${user}.${workflow}.${bones.sequence}`,
  type: bones.type,
  source: '/troupe/archive',
  subject: workflow,
  time: bones.time,
  user,
  sequence: bones.sequence,
  streamsequence: bones.seq,
  erasedat: erased_at,
  erasedbytes: bones.bytes,
});

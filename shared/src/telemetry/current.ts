// What is being handled now: the message that is in hand and the span that is open. It follows the work through every await, so
// that log lines name their workflow, spans find their parent and queries carry both on, without anybody passing them along.
import { AsyncLocalStorage } from 'node:async_hooks';
import { parseLogSubject, parseTraceparent } from '@troupe/contracts';
import type { Span } from './tracing.ts';
import { noSpan } from './tracing.ts';

/** A message as it came, whatever it is: read only where a line is logged or a span begins. */
export interface MessageInHand {
  readonly subject: string;
  readonly header: (name: string) => string | undefined;
}

interface Current {
  readonly message: MessageInHand | undefined;
  readonly span: Span;
}

const current = new AsyncLocalStorage<Current>();

/** Does `work` with `message` in hand. */
export const handling = <T>(message: MessageInHand, work: () => T): T =>
  current.run({ message, span: noSpan }, work);

/** Does `work` with the span open, and the same message in hand. */
export const withinSpan = <T>(span: Span, work: () => T): T =>
  current.run({ message: current.getStore()?.message, span }, work);

/** The open span; one that takes no notice where none is recorded. */
export const currentSpan = (): Span => current.getStore()?.span ?? noSpan;

/** Of the open span, else of whoever sent the message in hand. */
export function currentTraceparent(): string | undefined {
  const store = current.getStore();
  return store?.span.traceparent ?? store?.message?.header('traceparent');
}

/** Headers that follow a run; a message outside of the log carries them on to whoever answers it. */
const CARRIED = ['ce-subject', 'ce-id', 'ce-correlationid', 'ce-causationid'] as const;

/** What a query for the work in hand carries, so that its answer is found by the same ids. */
export function carriedHeaders(): Record<string, string> {
  const message = current.getStore()?.message;
  const ids = CARRIED.map((name) => [name, message?.header(name)] as const);
  return present([...ids, ['traceparent', currentTraceparent()]]);
}

/** The fields of a log line that say what it is about; empty where no message is in hand. */
export function currentLogFields(): Record<string, string> {
  const store = current.getStore();
  if (store?.message === undefined) return {};
  const { subject, header } = store.message;
  const about = parseLogSubject(subject);
  const trace = parseTraceparent(currentTraceparent());
  return present([
    ['user_id', about?.user],
    ['workflow_id', about?.workflow ?? bounded(header('ce-subject'))],
    ['event_id', bounded(header('ce-id'))],
    ['event_type', about?.type],
    ['correlation_id', bounded(header('ce-correlationid'))],
    ['causation_id', bounded(header('ce-causationid'))],
    ['trace_id', trace?.traceId],
    ['span_id', store.span.traceparent && trace?.spanId],
  ]);
}

/** At the door anybody may write anything into a header. */
const bounded = (text: string | undefined): string | undefined => text?.slice(0, 128);

const present = (fields: readonly (readonly [string, string | undefined])[]): Record<string, string> =>
  Object.fromEntries(fields.filter((field): field is [string, string] => field[1] !== undefined));

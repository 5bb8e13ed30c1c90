// W3C Trace Context as Troupe uses it: one trace per workflow. Which trace that is and which span is its root follow from the
// workflow's first event alone, so that any process can name them, and whoever ends the run can write the root.
import type { EventId } from './ids.ts';
import { eventId } from './ids.ts';

export interface TraceContext {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** 16 lower-case hex digits. */
  readonly spanId: string;
  /** False: whoever began the trace does not want it recorded. */
  readonly sampled: boolean;
}

/** Version 00, or the part of a later version that reads the same. */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/;

/** What a `traceparent` header says; undefined if it is absent or says nothing. */
export function parseTraceparent(header: string | undefined): TraceContext | undefined {
  const [, traceId, spanId, flags] = TRACEPARENT.exec(header ?? '') ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

export const formatTraceparent = ({ traceId, spanId, sampled }: TraceContext): string =>
  `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`;

export interface RunTrace {
  /** Of the run's root span: what the planner's events carry. */
  readonly traceparent: string;
  /** Of the span that asked for the run, where the client has one. */
  readonly caller: string | undefined;
}

/** The trace of the run that begins with this event: the client's if it brought one, else one named after the event. */
export function traceOfRun(first: {
  readonly id: EventId;
  readonly traceparent: string | undefined;
}): RunTrace {
  const asked = parseTraceparent(first.traceparent);
  const traceparent = formatTraceparent({
    traceId: asked?.traceId ?? first.id,
    spanId: eventId(first.id, 'execute').slice(0, 16),
    sampled: asked?.sampled ?? true,
  });
  return { traceparent, caller: asked && first.traceparent };
}

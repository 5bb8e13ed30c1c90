// Spans as the services see them. Without a collector there is only `noTracer`, which does the work and nothing else: what a span
// would say is a function that is never called. With one, otlp.ts (and with it the OpenTelemetry SDK) is loaded.

export type Attributes = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

export interface SpanDescription {
  readonly name: string;
  readonly kind: 'internal' | 'client' | 'consumer';
  readonly attributes: Attributes;
  /** A traceparent; by default that of the open span. */
  readonly parent?: string | undefined;
  /** Traceparents of other spans that led here. */
  readonly links?: readonly (string | undefined)[];
  /** Milliseconds since 1970; by default now. */
  readonly startedAt?: number;
}

/** A span that is over, told in one piece. */
export interface FinishedSpan extends SpanDescription {
  /** Its own traceparent, where others named it as their parent before it was written. */
  readonly self?: string | undefined;
  readonly startedAt: number;
  readonly endedAt: number;
  /** A stable code, never a message. */
  readonly errorType?: string | undefined;
}

export interface Span {
  /** What events that are written in this span carry; undefined where it is not recorded. */
  readonly traceparent: string | undefined;
  set(attributes: () => Attributes): void;
  /** Marks it as failed with a stable code; a message might quote a prompt or a page. */
  fail(errorType: string): void;
}

export interface Tracer {
  /** Does `work` in a span, which ends with it and is failed by what it throws. */
  span<T>(describe: () => SpanDescription, work: (span: Span) => Promise<T>): Promise<T>;
  /** Writes a span that is over; without `parent` it is a root. */
  record(describe: () => FinishedSpan): void;
}

export const noSpan: Span = { traceparent: undefined, set: () => undefined, fail: () => undefined };
export const noTracer: Tracer = { span: (_describe, work) => work(noSpan), record: () => undefined };

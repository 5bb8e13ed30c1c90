// Spans by the OpenTelemetry SDK, sent to a collector as OTLP over HTTP (JSON). Loaded only where a collector is named. A collector
// that is away costs a bounded queue and one warning: what does not fit is dropped, nobody waits, and the end is bounded.
import type { Context, Link, SpanContext } from '@opentelemetry/api';
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, TraceFlags } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import type { IdGenerator, SpanExporter } from '@opentelemetry/sdk-trace';
import { BatchSpanProcessor, RandomIdGenerator, TracerProvider } from '@opentelemetry/sdk-trace';
import { formatTraceparent, parseTraceparent } from '@troupe/contracts';
import type { Logger } from '../logger.ts';
import type { TraceConfig } from './config.ts';
import { currentTraceparent, withinSpan } from './current.ts';
import { errorTypeOf } from './error-type.ts';
import { samplerOf } from './sampler.ts';
import type { Attributes, Span, SpanDescription, Tracer } from './tracing.ts';

export interface OtlpOptions {
  readonly endpoint: string;
  readonly config: TraceConfig;
  /** What OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES override. */
  readonly resource: Readonly<Record<string, string>>;
  readonly logger: Logger;
}

const SHUTDOWN_MS = 2_000;
const EXPORT_MS = 10_000;
const BATCH_DELAY_MS = 5_000;

const KINDS = { internal: SpanKind.INTERNAL, client: SpanKind.CLIENT, consumer: SpanKind.CONSUMER } as const;

/** The tracer, and what sends the rest and ends it. */
export function startOtlp({ endpoint, config, resource, logger }: OtlpOptions): {
  readonly tracer: Tracer;
  readonly shutdown: () => Promise<void>;
} {
  const ids = new GivenIds();
  const { OTEL_SERVICE_NAME: name, OTEL_RESOURCE_ATTRIBUTES: attributes } = config;
  const timeoutMillis = config.OTEL_EXPORTER_OTLP_TIMEOUT ?? EXPORT_MS;
  const exporter = new OTLPTraceExporter({
    url: endpoint,
    timeoutMillis,
    headers: { ...config.OTEL_EXPORTER_OTLP_HEADERS, ...config.OTEL_EXPORTER_OTLP_TRACES_HEADERS },
  });
  const provider = new TracerProvider({
    idGenerator: ids,
    sampler: samplerOf(config.OTEL_TRACES_SAMPLER, config.OTEL_TRACES_SAMPLER_ARG),
    resource: resourceFromAttributes({ ...resource, ...attributes, ...(name && { 'service.name': name }) }),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: warningOnce(exporter, logger),
        exportTimeoutMillis: timeoutMillis,
        scheduledDelayMillis: config.OTEL_BSP_SCHEDULE_DELAY ?? BATCH_DELAY_MS,
      }),
    ],
  });
  const sdk = provider.getTracer('troupe');

  const start = (description: SpanDescription, parent: Context): ReturnType<typeof sdk.startSpan> =>
    sdk.startSpan(
      description.name,
      {
        kind: KINDS[description.kind],
        attributes: defined(description.attributes),
        links: linksOf(description.links ?? []),
        ...(description.startedAt === undefined ? {} : { startTime: description.startedAt }),
      },
      parent,
    );

  const tracer: Tracer = {
    async span(describe, work) {
      const description = describe();
      const span = start(description, contextOf(description.parent ?? currentTraceparent()));
      const recorded = span.isRecording() ? traceparentOf(span.spanContext()) : undefined;
      const handle: Span = {
        traceparent: recorded,
        set: (given) => {
          if (recorded !== undefined) span.setAttributes(defined(given()));
        },
        fail: (errorType) =>
          void span.setAttribute('error.type', errorType).setStatus({ code: SpanStatusCode.ERROR }),
      };
      try {
        return await (recorded === undefined ? work(handle) : withinSpan(handle, () => work(handle)));
      } catch (error) {
        handle.fail(errorTypeOf(error));
        throw error;
      } finally {
        span.end();
      }
    },
    record(describe) {
      const description = describe();
      ids.next = parseTraceparent(description.self);
      const span = start(description, contextOf(description.parent));
      ids.next = undefined;
      if (description.errorType !== undefined)
        span.setAttribute('error.type', description.errorType).setStatus({ code: SpanStatusCode.ERROR });
      span.end(description.endedAt);
    },
  };
  const shutdown = async (): Promise<void> => {
    const late = new Promise<void>((resolve) => setTimeout(resolve, SHUTDOWN_MS).unref());
    await Promise.race([provider.shutdown().catch(() => undefined), late]);
  };
  return { tracer, shutdown };
}

/** Random ids, but those of a span that others know already. */
class GivenIds implements IdGenerator {
  readonly #random = new RandomIdGenerator();
  next: { readonly traceId: string; readonly spanId: string } | undefined;

  generateTraceId(): string {
    return this.next?.traceId ?? this.#random.generateTraceId();
  }

  generateSpanId(): string {
    return this.next?.spanId ?? this.#random.generateSpanId();
  }
}

/** Says once that nobody takes the spans, and once that somebody does again. */
function warningOnce(exporter: SpanExporter, logger: Logger): SpanExporter {
  let away = false;
  return {
    export(spans, done) {
      exporter.export(spans, (result) => {
        const failed = result.error !== undefined;
        if (failed && !away)
          logger.warn(
            { err: result.error },
            'traces cannot be sent to the collector; they are dropped until it is back',
          );
        if (!failed && away) logger.info('traces are sent to the collector again');
        away = failed;
        done(result);
      });
    },
    shutdown: () => exporter.shutdown(),
  };
}

function contextOf(traceparent: string | undefined): Context {
  const context = spanContextOf(traceparent);
  return context === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, context);
}

function spanContextOf(traceparent: string | undefined): SpanContext | undefined {
  const parsed = parseTraceparent(traceparent);
  if (parsed === undefined) return undefined;
  const { traceId, spanId, sampled } = parsed;
  return { traceId, spanId, traceFlags: sampled ? TraceFlags.SAMPLED : TraceFlags.NONE, isRemote: true };
}

const traceparentOf = ({ traceId, spanId, traceFlags }: SpanContext): string =>
  formatTraceparent({ traceId, spanId, sampled: (traceFlags & TraceFlags.SAMPLED) !== 0 });

const linksOf = (traceparents: readonly (string | undefined)[]): Link[] =>
  traceparents.flatMap((traceparent) => {
    const context = spanContextOf(traceparent);
    return context === undefined ? [] : [{ context }];
  });

function defined(attributes: Attributes): Record<string, string | number | boolean | string[]> {
  const given: Record<string, string | number | boolean | string[]> = {};
  for (const key in attributes) {
    const value = attributes[key];
    if (value !== undefined) given[key] = typeof value === 'object' ? [...value] : value;
  }
  return given;
}

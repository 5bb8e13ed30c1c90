// What a process tells of itself: metrics that are scraped, and traces where a collector is named.
import { randomUUID } from 'node:crypto';
import type { Logger } from '../logger.ts';
import type { TraceConfig } from './config.ts';
import { tracesEndpoint } from './config.ts';
import { Metrics } from './metrics.ts';
import type { Tracer } from './tracing.ts';
import { noTracer } from './tracing.ts';
import { VERSION } from './version.ts';

export interface Telemetry {
  readonly metrics: Metrics;
  readonly tracer: Tracer;
}

/** Counts what nobody scrapes and traces nothing: for commands and tests. */
export const silentTelemetry = (): Telemetry => ({ metrics: new Metrics(), tracer: noTracer });

/** The telemetry of a service. Whoever opens it disposes it last: what was traced until then is sent, for 2 s at most. */
export async function openTelemetry(
  service: string,
  config: TraceConfig & { readonly APP_ENV: string },
  logger: Logger,
): Promise<Telemetry & AsyncDisposable> {
  const metrics = new Metrics().withProcess();
  const endpoint = tracesEndpoint(config);
  if (endpoint === undefined)
    return { metrics, tracer: noTracer, [Symbol.asyncDispose]: () => Promise.resolve() };
  const { startOtlp } = await import('./otlp.ts');
  const { tracer, shutdown } = startOtlp({
    endpoint,
    config,
    logger,
    resource: {
      'service.name': service,
      'service.version': VERSION,
      'service.instance.id': randomUUID(),
      'deployment.environment.name': config.APP_ENV,
    },
  });
  return { metrics, tracer, [Symbol.asyncDispose]: shutdown };
}

// A collector for a test: takes OTLP over HTTP in JSON, as any OpenTelemetry Collector does, and keeps the spans.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface CapturedSpan {
  readonly service: string;
  readonly name: string;
  readonly kind: 'internal' | 'client' | 'consumer';
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly failed: boolean;
  /** Milliseconds. */
  readonly start: number;
  readonly end: number;
}

export interface Collector extends AsyncDisposable {
  readonly url: string;
  readonly spans: readonly CapturedSpan[];
  /** Every body that came, as text. */
  readonly bodies: readonly string[];
}

type Value = { stringValue?: string; intValue?: number; doubleValue?: number; boolValue?: boolean } & {
  arrayValue?: { values: Value[] };
};
type Pairs = { key: string; value: Value }[];
interface WireSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: number;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes: Pairs;
  links?: { traceId: string; spanId: string }[];
  status: { code?: number };
}
interface Export {
  resourceSpans: { resource: { attributes: Pairs }; scopeSpans: { spans: WireSpan[] }[] }[];
}

const KINDS = { 1: 'internal', 3: 'client', 5: 'consumer' } as const;

export async function startCollector(): Promise<Collector> {
  const spans: CapturedSpan[] = [];
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      bodies.push(body);
      for (const { resource, scopeSpans } of (JSON.parse(body) as Export).resourceSpans) {
        const service = String(recordOf(resource.attributes)['service.name']);
        spans.push(...scopeSpans.flatMap((scope) => scope.spans.map((span) => captured(service, span))));
      }
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    bodies,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const captured = (service: string, span: WireSpan): CapturedSpan => ({
  service,
  name: span.name,
  kind: KINDS[span.kind as keyof typeof KINDS],
  traceId: span.traceId,
  spanId: span.spanId,
  parentSpanId: span.parentSpanId,
  links: (span.links ?? []).map(({ traceId, spanId }) => ({ traceId, spanId })),
  attributes: recordOf(span.attributes),
  failed: span.status.code === 2,
  start: Number(BigInt(span.startTimeUnixNano) / 1_000_000n),
  end: Number(BigInt(span.endTimeUnixNano) / 1_000_000n),
});

const recordOf = (pairs: Pairs): Record<string, unknown> =>
  Object.fromEntries(pairs.map(({ key, value }) => [key, valueOf(value)]));

const valueOf = ({ arrayValue, ...scalar }: Value): unknown =>
  arrayValue === undefined ? Object.values(scalar)[0] : arrayValue.values.map(valueOf);

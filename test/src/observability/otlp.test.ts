// The tracer against a collector: which spans leave the process, with which ids and parents.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogger, readSettings } from '@troupe/shared';
import type { FinishedSpan, Tracer } from '@troupe/shared';
import { traceSettings } from '../../../shared/src/telemetry/config.ts';
import { openTelemetry } from '../../../shared/src/telemetry/telemetry.ts';
import type { CapturedSpan } from './collector.ts';
import { startCollector } from './collector.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const ROOT = `00-${TRACE}-b7ad6b7169203331-01`;
const CALLER = `00-${TRACE}-00f067aa0ba902b7-01`;

/** What a collector got of `use`, with these variables. */
async function captured(
  env: Record<string, string>,
  use: (tracer: Tracer) => unknown,
): Promise<readonly CapturedSpan[]> {
  await using collector = await startCollector();
  const config = readSettings(traceSettings, { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, ...env });
  {
    await using telemetry = await openTelemetry(
      'planner',
      { ...config, APP_ENV: 'test' },
      createLogger('test', 'silent'),
    );
    await use(telemetry.tracer);
  }
  return collector.spans;
}

const finished = (more: Partial<FinishedSpan> = {}): FinishedSpan => ({
  name: 'agents.automation.execute',
  kind: 'internal',
  attributes: { 'user.id': 'alice', absent: undefined },
  self: ROOT,
  startedAt: 1_000_000,
  endedAt: 1_002_500,
  ...more,
});

test('a span that was named before it was written has that name, its own times, and the parent that asked', async () => {
  const [alone, called] = await captured({ OTEL_SERVICE_NAME: 'mine' }, (tracer) => {
    tracer.record(() => finished());
    tracer.record(() => finished({ parent: CALLER, errorType: 'machine_error' }));
  });
  assert.ok(alone !== undefined && called !== undefined);
  assert.deepEqual([alone.traceId, alone.spanId, alone.parentSpanId], [TRACE, 'b7ad6b7169203331', undefined]);
  assert.deepEqual(
    [called.traceId, called.spanId, called.parentSpanId],
    [TRACE, 'b7ad6b7169203331', '00f067aa0ba902b7'],
  );
  assert.deepEqual(
    [alone.start, alone.end, alone.failed, alone.service],
    [1_000_000, 1_002_500, false, 'mine'],
  );
  assert.deepEqual(alone.attributes, { 'user.id': 'alice' });
  assert.deepEqual([called.failed, called.attributes['error.type']], [true, 'machine_error']);
});

test('a span begun inside another is below it, and what is thrown fails both without a word of its message', async () => {
  const spans = await captured({}, async (tracer) => {
    const describe = (name: string) => () => ({ name, kind: 'client' as const, attributes: {} });
    const outer = { ...describe('outer')(), parent: ROOT };
    await assert.rejects(
      tracer.span(
        () => outer,
        async (span) => {
          assert.match(span.traceparent ?? '', new RegExp(`^00-${TRACE}-[0-9a-f]{16}-01$`));
          await tracer.span(describe('inner'), () => Promise.reject(new TypeError('secret')));
        },
      ),
      TypeError,
    );
  });
  const [inner, outer] = spans;
  assert.ok(inner !== undefined && outer !== undefined);
  assert.deepEqual(
    [inner.name, inner.parentSpanId, outer.parentSpanId],
    ['inner', outer.spanId, 'b7ad6b7169203331'],
  );
  assert.ok(spans.every(({ failed, attributes }) => failed && attributes['error.type'] === 'TypeError'));
  assert.ok(!JSON.stringify(spans).includes('secret'));
});

test('a client that does not want its trace recorded is obeyed, in every span of it', async () => {
  const quiet = CALLER.replace(/01$/, '00');
  const spans = await captured({}, async (tracer) => {
    tracer.record(() => finished({ parent: quiet, self: ROOT.replace(/01$/, '00') }));
    await tracer.span(
      () => ({ name: 'work', kind: 'consumer', attributes: {}, parent: quiet }),
      (span) => {
        assert.equal(span.traceparent, undefined);
        return Promise.resolve();
      },
    );
  });
  assert.deepEqual(spans, []);
});

test('a ratio takes whole traces: the root and what is below it, decided apart, are all there or none', async () => {
  const traces = Array.from({ length: 64 }, (_, i) =>
    (i * 0x3fff_ffff + 1).toString(16).padStart(16, '0').repeat(2),
  );
  const env = { OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.5' };
  const all = async (tracer: Tracer): Promise<void> => {
    for (const trace of traces) {
      const self = `00-${trace}-b7ad6b7169203331-01`;
      tracer.record(() => finished({ self }));
      await tracer.span(
        () => ({ name: 'work', kind: 'consumer', attributes: {}, parent: self }),
        () => Promise.resolve(),
      );
    }
  };
  const perTrace = Map.groupBy(await captured(env, all), ({ traceId }) => traceId);
  assert.ok([...perTrace.values()].every((spans) => spans.length === 2));
  assert.equal((await captured({ ...env, OTEL_TRACES_SAMPLER_ARG: '0' }, all)).length, 0);
  assert.equal((await captured({ OTEL_TRACES_SAMPLER: 'always_off' }, all)).length, 0);
  assert.equal((await captured({ ...env, OTEL_TRACES_SAMPLER_ARG: '1' }, all)).length, traces.length * 2);
});

test('with nobody to send to, a span is only its work, and what it would say is never asked for', async () => {
  const spans = await captured({ OTEL_SDK_DISABLED: 'true' }, async (tracer) => {
    const never = (): never => assert.fail('described');
    tracer.record(never);
    assert.equal(await tracer.span(never, (span) => Promise.resolve(span.traceparent)), undefined);
  });
  assert.deepEqual(spans, []);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readSettings } from '../config.ts';
import { traceSettings, tracesEndpoint } from './config.ts';

const read = (env: Record<string, string> = {}) => readSettings(traceSettings, env);
const BASE = 'http://collector:4318';

test('nothing is sent anywhere unless a collector is named and nobody forbids it', () => {
  assert.equal(tracesEndpoint(read()), undefined);
  const named = { OTEL_EXPORTER_OTLP_ENDPOINT: BASE };
  assert.equal(tracesEndpoint(read({ ...named, OTEL_SDK_DISABLED: 'TRUE' })), undefined);
  assert.equal(tracesEndpoint(read({ ...named, OTEL_TRACES_EXPORTER: 'none' })), undefined);
});

test('the path is added to the common endpoint, and the one for traces is taken as it stands', () => {
  for (const endpoint of [BASE, `${BASE}/`])
    assert.equal(tracesEndpoint(read({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint })), `${BASE}/v1/traces`);
  const own = { OTEL_EXPORTER_OTLP_ENDPOINT: BASE, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://x/y' };
  assert.equal(tracesEndpoint(read(own)), 'https://x/y');
});

test('headers and attributes are pairs, percent-encoded', () => {
  const pairs = 'authorization=Basic%20abc%3D, x-team = a%2Cb ,';
  assert.deepEqual(read({ OTEL_EXPORTER_OTLP_HEADERS: pairs }).OTEL_EXPORTER_OTLP_HEADERS, {
    authorization: 'Basic abc=',
    'x-team': 'a,b',
  });
});

test('a wrong value names its variable and is not repeated', () => {
  const wrong = {
    OTEL_EXPORTER_OTLP_ENDPOINT: 'canary:4317',
    OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
    OTEL_EXPORTER_OTLP_HEADERS: 'canary',
    OTEL_TRACES_SAMPLER: 'canary',
    OTEL_TRACES_SAMPLER_ARG: '1.5',
    OTEL_RESOURCE_ATTRIBUTES: 'canary=%zz',
    OTEL_BSP_SCHEDULE_DELAY: '0',
  };
  assert.throws(
    () => read(wrong),
    ({ message }: Error) =>
      Object.keys(wrong).every((name) => message.includes(name)) && !message.includes('canary'),
  );
});

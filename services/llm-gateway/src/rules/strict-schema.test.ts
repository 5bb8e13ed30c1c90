import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '@troupe/contracts';
import { isStrict } from './strict-schema.ts';

const closed = (properties: JsonObject, more: JsonObject = {}): JsonObject => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
  ...more,
});

test('a closed object of required properties is strict, at every depth', () => {
  const inner = closed({ name: { type: 'string' }, kind: { enum: ['a', 'b'] } });
  assert.ok(
    isStrict(closed({ items: { type: 'array', items: inner }, other: { anyOf: [inner, { type: 'null' }] } })),
  );
  assert.ok(isStrict(closed({ inner: { $ref: '#/$defs/inner' } }, { $defs: { inner } })));
});

test('an open object, an optional property and a keyword outside the subset are not, at any depth', () => {
  const bad: JsonObject[] = [
    closed({ a: { type: 'string' } }, { additionalProperties: true }),
    closed({ a: { type: 'string' } }, { required: [] }),
    closed({ a: { type: 'string', minLength: 1 } }),
  ];
  for (const schema of bad) {
    assert.ok(!isStrict(schema));
    assert.ok(!isStrict(closed({ deep: { type: 'array', items: schema } })));
    assert.ok(!isStrict(closed({ deep: { $ref: '#/$defs/x' } }, { $defs: { x: schema } })));
  }
  assert.ok(!isStrict({ type: 'string' }), 'the root must be an object');
});

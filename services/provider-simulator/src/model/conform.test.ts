import assert from 'node:assert/strict';
import { test } from 'node:test';
import { conform } from './conform.ts';
import { sample } from './sample.ts';

test('arguments take the spelling of the declared parameters and lose what is not declared', () => {
  const schema = {
    type: 'object',
    properties: { URL: { type: 'string' }, correlationId: { type: 'string' } },
  };
  const fitted = conform({ url: 'u', correlation_id: 'c', other: 1 }, schema);
  assert.deepEqual(fitted, { URL: 'u', correlationId: 'c' });
});

test('a strict schema gets null for what is nullable and a sample for the rest, in nested alternatives too', () => {
  const step = (action: string): object => ({
    type: 'object',
    properties: {
      action: { type: 'string', const: action },
      selector: { type: 'string' },
      name: { type: ['string', 'null'] },
    },
    required: ['action', 'selector', 'name'],
  });
  const schema = {
    type: 'object',
    properties: {
      steps: {
        anyOf: [{ type: 'array', items: { anyOf: [step('click'), step('extract')] } }, { type: 'null' }],
      },
      wait: { type: 'boolean' },
    },
    required: ['steps', 'wait'],
  };
  assert.deepEqual(conform({ steps: [{ action: 'extract', selector: 'body' }] }, schema), {
    steps: [{ action: 'extract', selector: 'body', name: null }],
    wait: true,
  });
});

test('a sample satisfies bounds, formats, references and alternatives', () => {
  const schema = {
    type: 'object',
    properties: {
      short: { type: 'string', maxLength: 5 },
      when: { type: 'string', format: 'date-time' },
      percent: { type: 'number', minimum: 5, maximum: 10 },
      list: { type: 'array', items: { $ref: '#/$defs/flag' }, minItems: 2 },
      maybe: { anyOf: [{ type: 'null' }, { type: 'boolean' }] },
      none: { type: 'array', maxItems: 0 },
    },
    $defs: { flag: { type: 'boolean' } },
  };
  assert.deepEqual(sample(schema, 'long text'), {
    short: 'long ',
    when: '2026-01-01T00:00:00Z',
    percent: 5,
    list: [true, true],
    maybe: true,
    none: [],
  });
});

test('a schema that contains itself is sampled to a limited depth', () => {
  const schema = { type: 'object', properties: { child: { $ref: '#' } } };
  assert.ok(JSON.stringify(sample(schema, '')).length < 200);
});

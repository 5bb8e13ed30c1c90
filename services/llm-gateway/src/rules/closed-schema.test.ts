import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { transformJSONSchema } from '@anthropic-ai/sdk/lib/transform-json-schema';
import type { JsonObject } from '@troupe/contracts';
import { survivesClosing } from './closed-schema.ts';

const number: JsonObject = { type: 'number' };
const object = (more: JsonObject): JsonObject => ({ type: 'object', ...more });
const a = object({ properties: { a: number } });

const SURVIVING: Readonly<Record<string, JsonObject>> = {
  'a closed object': object({ properties: { a: number }, required: ['a'], additionalProperties: false }),
  'an object that names its properties': a,
  'an object that is meant to be empty': object({ additionalProperties: false }),
  'a list of objects': { type: 'array', items: a, minItems: 2 },
  'one of several objects': { anyOf: [a, { type: 'null' }] },
  'a value within bounds': { type: 'string', minLength: 2, pattern: '^a' },
  'a definition': object({ $defs: { a }, properties: { a: { $ref: '#/$defs/a' } } }),
};
const LOST: Readonly<Record<string, JsonObject>> = {
  'a record': object({ additionalProperties: number }),
  'an object of any form': { type: 'object' },
  'an object that says that there is more': object({ properties: { a: number }, additionalProperties: true }),
  'an object with more of one type': object({ properties: { a: number }, additionalProperties: number }),
  'properties by pattern': object({ patternProperties: { '^a': number } }),
  'a required property that is not named': object({ properties: { a: number }, required: ['b'] }),
  'properties beside alternatives': object({ properties: { a: number }, anyOf: [a] }),
  'an object among several types': { type: ['object', 'null'], properties: { a: number } },
  'several schemas at once': { allOf: [a, object({ properties: { b: number } })] },
  'a condition': object({ properties: { a: number }, if: a, then: a }),
  'a definition in the words of an older draft': object({
    definitions: { a },
    properties: { a: { $ref: '#/definitions/a' } },
  }),
  'a schema that allows everything': object({ properties: { a: true } }),
};

suite('a schema that is closed', () => {
  for (const [name, schema] of Object.entries(SURVIVING)) {
    test(`asks for the same: ${name}`, () => {
      assert.ok(survivesClosing(schema));
      assert.doesNotThrow(() => transformJSONSchema(schema));
    });
  }

  for (const [name, schema] of Object.entries(LOST)) {
    test(`asks for less, at any depth: ${name}`, () => {
      assert.ok(!survivesClosing(schema));
      assert.ok(!survivesClosing(object({ properties: { deep: { type: 'array', items: schema } } })));
      assert.ok(!survivesClosing({ anyOf: [a, schema] }));
      assert.ok(!survivesClosing(object({ $defs: { x: schema }, properties: { a: number } })));
    });
  }
});

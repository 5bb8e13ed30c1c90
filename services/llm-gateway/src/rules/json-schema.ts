// What a JSON Schema holds, read without trust: schemas come from users and from tools. Pure.
import type { JsonObject } from '@troupe/contracts';

export const isSchema = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const propertiesOf = (schema: JsonObject): JsonObject => recordOf(schema['properties']);

export const requiredOf = (schema: JsonObject): readonly unknown[] => listOf(schema['required']);

/** What stands where a schema is expected, directly within this one; it may be none. */
export const subschemasOf = (schema: JsonObject): readonly unknown[] => [
  ...Object.values(propertiesOf(schema)),
  ...Object.values(recordOf(schema['$defs'])),
  ...listOf(schema['anyOf']),
  ...listOf(schema['oneOf']),
  ...(schema['items'] === undefined ? [] : [schema['items']]),
];

const recordOf = (value: unknown): JsonObject => (isSchema(value) ? value : {});

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

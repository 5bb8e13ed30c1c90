// Reading JSON Schema: the few questions that sampling, fitting and the strict check all ask of a schema. Covers what
// tool definitions and structured answers use in practice; it is no validator.
import type { JsonSchema } from './conversation.ts';
import { isRecord, type JsonObject } from './json.ts';

export const strings = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];

/** The alternatives of a union, of which a value satisfies one. */
export function variantsOf(schema: JsonSchema): JsonObject[] {
  const variants = schema['anyOf'] ?? schema['oneOf'];
  return Array.isArray(variants) ? variants.filter(isRecord) : [];
}

/** The declared type other than null; read from the keywords where `type` is left out. */
export function typeOf(schema: JsonSchema): string {
  const declared = typeof schema['type'] === 'string' ? [schema['type']] : strings(schema['type']);
  const type = declared.find((name) => name !== 'null') ?? declared[0];
  return type ?? (schema['properties'] === undefined ? 'string' : 'object');
}

export function isNullable(schema: JsonSchema): boolean {
  return (
    schema['type'] === 'null' ||
    strings(schema['type']).includes('null') ||
    variantsOf(schema).some((variant) => variant['type'] === 'null')
  );
}

export function propertiesOf(schema: JsonSchema): [name: string, schema: JsonObject][] {
  const properties = isRecord(schema['properties']) ? schema['properties'] : {};
  return Object.entries(properties).map(([name, property]) => [name, isRecord(property) ? property : {}]);
}

/** Follows a local `$ref` (`#/$defs/…`); anything else is returned as it is. */
export function resolve(schema: JsonSchema, root: JsonSchema): JsonSchema {
  const reference = schema['$ref'];
  if (typeof reference !== 'string' || !reference.startsWith('#')) return schema;
  const target = reference
    .split('/')
    .slice(1)
    .reduce<unknown>((value, key) => (isRecord(value) ? value[key] : undefined), root);
  return isRecord(target) ? target : {};
}

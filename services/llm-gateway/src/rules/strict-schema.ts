// Whether OpenAI's strict mode takes a JSON Schema: every object closed, every property required, and only keywords of
// its subset. A schema outside the subset is sent as a hint instead of being refused with a 400. Pure.
import type { JsonObject } from '@troupe/contracts';

const KEYWORDS: ReadonlySet<string> = new Set([
  ...['$defs', '$ref', '$schema', 'type', 'title', 'description', 'enum', 'const', 'anyOf'],
  ...['properties', 'required', 'additionalProperties', 'items', 'minItems', 'maxItems'],
  ...['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'],
]);

export const isStrict = (schema: JsonObject): boolean => schema['type'] === 'object' && isWithin(schema);

function isWithin(schema: JsonObject): boolean {
  if (Object.keys(schema).some((keyword) => !KEYWORDS.has(keyword))) return false;
  const properties = Object.entries(recordOf(schema['properties']));
  if (schema['type'] === 'object') {
    const required: unknown[] = Array.isArray(schema['required']) ? schema['required'] : [];
    if (schema['additionalProperties'] !== false) return false;
    if (!properties.every(([name]) => required.includes(name))) return false;
  }
  return [
    ...properties.map(([, property]) => property),
    ...Object.values(recordOf(schema['$defs'])),
    ...(Array.isArray(schema['anyOf']) ? schema['anyOf'] : []),
    ...(schema['items'] === undefined ? [] : [schema['items']]),
  ].every((child) => isRecord(child) && isWithin(child));
}

const isRecord = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const recordOf = (value: unknown): JsonObject => (isRecord(value) ? value : {});

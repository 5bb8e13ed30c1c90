// Whether OpenAI's strict mode takes a JSON Schema: every object closed, every property required, and only keywords of
// its subset. A schema outside the subset is sent as a hint instead of being refused with a 400. Pure.
import type { JsonObject } from '@troupe/contracts';
import { isSchema, propertiesOf, requiredOf, subschemasOf } from './json-schema.ts';

const KEYWORDS: ReadonlySet<string> = new Set([
  ...['$defs', '$ref', '$schema', 'type', 'title', 'description', 'enum', 'const', 'anyOf'],
  ...['properties', 'required', 'additionalProperties', 'items', 'minItems', 'maxItems'],
  ...['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'],
]);

export const isStrict = (schema: JsonObject): boolean => schema['type'] === 'object' && isWithin(schema);

function isWithin(schema: JsonObject): boolean {
  if (Object.keys(schema).some((keyword) => !KEYWORDS.has(keyword))) return false;
  if (schema['type'] === 'object') {
    const required = requiredOf(schema);
    if (schema['additionalProperties'] !== false) return false;
    if (!Object.keys(propertiesOf(schema)).every((name) => required.includes(name))) return false;
  }
  return subschemasOf(schema).every((child) => isSchema(child) && isWithin(child));
}

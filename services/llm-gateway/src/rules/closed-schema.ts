// Whether a JSON Schema still asks for the same once every object in it is closed to the properties that it names, as Anthropic's API
// wants them. A record closed like that could only be empty: such a schema is asked for in words instead. Pure.
import type { JsonObject } from '@troupe/contracts';
import { isSchema, propertiesOf, requiredOf, subschemasOf } from './json-schema.ts';

const KEYWORDS: ReadonlySet<string> = new Set([
  ...['$defs', '$ref', '$schema', 'type', 'title', 'description', 'enum', 'const', 'anyOf', 'oneOf'],
  ...['properties', 'required', 'additionalProperties', 'items', 'default', 'examples', 'format'],
  // The API does not know these: they are told in the description, and checked in the answer.
  ...['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'],
  ...['minLength', 'maxLength', 'pattern', 'minItems', 'maxItems', 'uniqueItems'],
]);

export function survivesClosing(schema: JsonObject): boolean {
  if (Object.keys(schema).some((keyword) => !KEYWORDS.has(keyword))) return false;
  const { type, properties } = schema;
  if (!refersToDefinition(schema)) return false;
  // The API wants each object closed, and closes none that is one of several types.
  if (Array.isArray(type) && type.includes('object')) return false;
  if ((type === 'object' || properties !== undefined) && !namesAllItHas(schema)) return false;
  return subschemasOf(schema).every((child) => isSchema(child) && survivesClosing(child));
}

const refersToDefinition = ({ $ref: reference = '#/$defs/' }: JsonObject): boolean =>
  typeof reference === 'string' && reference.startsWith('#/$defs/');

/** Whoever names properties and does not say that there are others is content with those. */
function namesAllItHas(schema: JsonObject): boolean {
  const { type, additionalProperties, anyOf, oneOf } = schema;
  if (type !== 'object' || anyOf !== undefined || oneOf !== undefined) return false;
  const names: readonly unknown[] = Object.keys(propertiesOf(schema));
  const isClosed = additionalProperties === false;
  const mayBeClosed = additionalProperties === undefined && names.length > 0;
  return (isClosed || mayBeClosed) && requiredOf(schema).every((name) => names.includes(name));
}

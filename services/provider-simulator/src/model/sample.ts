// Makes a value that satisfies a JSON Schema, for structured answers and for required arguments that the plan has no
// opinion on. Deterministic: the first alternative, the smallest number, one item per array. Ignores `pattern`.
import type { JsonSchema } from './conversation.ts';
import { isRecord, type JsonObject } from './json.ts';
import { propertiesOf, resolve, strings, typeOf, variantsOf } from './json-schema.ts';

const MAX_DEPTH = 12;
const MAX_ITEMS = 100;

interface Position {
  readonly root: JsonSchema;
  readonly depth: number;
}

/** A value that satisfies `schema`, with `text` wherever it leaves a string free. `root` holds its definitions. */
export function sample(schema: JsonSchema, text: string, root: JsonSchema = schema): unknown {
  return sampleAt(schema, text, { root, depth: 0 });
}

function sampleAt(given: JsonSchema, text: string, at: Position): unknown {
  if (at.depth > MAX_DEPTH) return null;
  const schema = resolve(given, at.root);
  const inside = { root: at.root, depth: at.depth + 1 };
  if ('const' in schema) return schema['const'];
  if (Array.isArray(schema['enum'])) return schema['enum'][0];
  const variant = variantsOf(schema).find((option) => option['type'] !== 'null');
  if (variant !== undefined) return sampleAt(variant, text, inside);
  switch (typeOf(schema)) {
    case 'object':
      return sampleObject(schema, text, inside);
    case 'array':
      return sampleArray(schema, text, inside);
    case 'integer':
    case 'number':
      return sampleNumber(schema);
    case 'boolean':
      return true;
    case 'null':
      return null;
    default:
      return sampleString(schema, text);
  }
}

function sampleObject(schema: JsonSchema, text: string, at: Position): JsonObject {
  const required = Array.isArray(schema['required']) ? new Set(strings(schema['required'])) : undefined;
  return Object.fromEntries(
    propertiesOf(schema)
      .filter(([name]) => required?.has(name) ?? true)
      .map(([name, property]) => [name, sampleAt(property, text, at)]),
  );
}

function sampleArray(schema: JsonSchema, text: string, at: Position): unknown[] {
  const items = isRecord(schema['items']) ? schema['items'] : {};
  const length = Math.min(
    numberOr(schema['minItems'], 1),
    numberOr(schema['maxItems'], MAX_ITEMS),
    MAX_ITEMS,
  );
  return Array.from({ length }, () => sampleAt(items, text, at));
}

function sampleNumber(schema: JsonSchema): number {
  const least = numberOr(schema['minimum'], numberOr(schema['exclusiveMinimum'], -Infinity) + 1);
  const most = numberOr(schema['maximum'], numberOr(schema['exclusiveMaximum'], Infinity) - 1);
  return Math.min(Math.max(1, least), most);
}

const FORMATS: Readonly<Record<string, string>> = {
  'date-time': '2026-01-01T00:00:00Z',
  date: '2026-01-01',
  time: '00:00:00Z',
  email: 'provider-simulator@example.com',
  uri: 'https://example.com/',
  uuid: '00000000-0000-4000-8000-000000000000',
};

function sampleString(schema: JsonSchema, text: string): string {
  const format = typeof schema['format'] === 'string' ? FORMATS[schema['format']] : undefined;
  return (format ?? text)
    .slice(0, numberOr(schema['maxLength'], Infinity))
    .padEnd(Math.min(numberOr(schema['minLength'], 0), 1_000), '.');
}

const numberOr = (value: unknown, otherwise: number): number =>
  typeof value === 'number' ? value : otherwise;

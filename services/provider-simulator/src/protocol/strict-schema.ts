// OpenAI's strict mode accepts a subset of JSON Schema and answers anything else with a 400. The simulator refuses the
// two commonest faults: optional properties and open objects. Unsupported keywords pass here and may not pass there.
import type { JsonSchema } from '../model/conversation.ts';
import { isRecord } from '../model/json.ts';
import { propertiesOf, strings, typeOf, variantsOf } from '../model/json-schema.ts';
import { ApiError } from './errors.ts';

/** Throws the provider's 400 if `schema` may not be used with `strict: true`. `param` names its place in the request. */
export function requireStrict(schema: JsonSchema, name: string, param: string): void {
  const violation = strictViolation(schema, []);
  if (violation === undefined) return;
  const code = param.startsWith('tools') ? 'invalid_function_parameters' : 'invalid_json_schema';
  throw new ApiError({ status: 400, message: `Invalid schema for '${name}': ${violation}`, code, param });
}

function strictViolation(schema: JsonSchema, path: readonly string[]): string | undefined {
  const context = `In context=(${path.map((key) => `'${key}'`).join(', ')})`;
  if (typeOf(schema) === 'object') {
    if (schema['additionalProperties'] !== false) {
      return `${context}, 'additionalProperties' is required to be supplied and to be false.`;
    }
    const required = new Set(strings(schema['required']));
    const missing = propertiesOf(schema).find(([name]) => !required.has(name));
    if (missing !== undefined)
      return `${context}, 'required' must name every property. Missing '${missing[0]}'.`;
  }
  for (const [name, child] of childrenOf(schema)) {
    const violation = strictViolation(child, [...path, name]);
    if (violation !== undefined) return violation;
  }
  return undefined;
}

function childrenOf(schema: JsonSchema): [string, JsonSchema][] {
  const items = schema['items'];
  const definitions = isRecord(schema['$defs']) ? Object.entries(schema['$defs']) : [];
  return [
    ...propertiesOf(schema),
    ...(isRecord(items) ? [['items', items] satisfies [string, JsonSchema]] : []),
    ...variantsOf(schema).map((variant, index): [string, JsonSchema] => [String(index), variant]),
    ...definitions.filter((entry): entry is [string, JsonSchema & Record<string, unknown>] =>
      isRecord(entry[1]),
    ),
  ];
}

// Fits arguments to the parameters that a tool declares, so that the plan can speak of `correlation_id` and leave the
// exact spelling, and the null-filled form that strict schemas demand, to the schema in the request.
import type { JsonSchema } from './conversation.ts';
import { isRecord, type JsonObject } from './json.ts';
import { isNullable, propertiesOf, resolve, strings, typeOf, variantsOf } from './json-schema.ts';
import { sample } from './sample.ts';

/**
 * `value` as `schema` names and allows it: properties are matched without regard to case and underscores, unknown ones
 * are left out, required ones that `value` lacks are null where that is allowed and sampled where not.
 */
export function conform(value: unknown, schema: JsonSchema, root: JsonSchema = schema): unknown {
  const target = resolve(schema, root);
  const variant = variantsOf(target)
    .map((option) => resolve(option, root))
    .find((option) => admits(option, value));
  if (variant !== undefined) return conform(value, variant, root);
  if (Array.isArray(value)) {
    const items = target['items'];
    return isRecord(items) ? value.map((item) => conform(item, items, root)) : value;
  }
  return isRecord(value) && isRecord(target['properties']) ? conformObject(value, target, root) : value;
}

function conformObject(value: JsonObject, schema: JsonSchema, root: JsonSchema): JsonObject {
  const given = new Map(Object.entries(value).map(([name, item]) => [plain(name), item]));
  const required = new Set(strings(schema['required']));
  const fitted: JsonObject = {};
  for (const [name, property] of propertiesOf(schema)) {
    const item = given.get(plain(name));
    if (item !== undefined) fitted[name] = conform(item, property, root);
    else if (required.has(name)) fitted[name] = isNullable(property) ? null : sample(property, name, root);
  }
  return fitted;
}

const plain = (name: string): string => name.toLowerCase().replaceAll('_', '');

/** Whether `value` is meant for this alternative: the type fits, and every fixed property (a tag) agrees. */
function admits(schema: JsonSchema, value: unknown): boolean {
  if (typeOf(schema) !== jsonType(value) && !(typeOf(schema) === 'integer' && Number.isInteger(value)))
    return false;
  if (!isRecord(value)) return true;
  return propertiesOf(schema).every(([name, property]) => {
    if ('const' in property) return property['const'] === value[name];
    return !Array.isArray(property['enum']) || property['enum'].includes(value[name]);
  });
}

function jsonType(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

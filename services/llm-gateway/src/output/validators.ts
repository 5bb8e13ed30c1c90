// JSON Schemas compiled once and kept while they are used. They come from users and from tools: a schema that cannot be
// compiled or run, or is too large to be, checks nothing, since the model cannot be blamed for it.
import type { JsonObject } from '@troupe/contracts';
import type { ValidateFunction } from 'ajv/dist/2020.js';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { RecentlyUsed } from '../recently-used.ts';

const MAX_SCHEMA_CHARACTERS = 256 * 1_024;
/** Of schemas that are kept compiled, in characters of their text. */
const MAX_KEPT_CHARACTERS = 4 * 1_024 * 1_024;

/** One thing that is wrong: where, as a JSON pointer, and what was expected there. */
export interface Violation {
  readonly pointer: string;
  readonly expected: string;
}

export interface Validators {
  /** Empty: `value` satisfies `schema`, or the schema cannot be compiled or run. */
  violations(schema: JsonObject, value: unknown): readonly Violation[];
}

export function createValidators(): Validators {
  const compiled = new RecentlyUsed<string, ValidateFunction | 'none'>(MAX_KEPT_CHARACTERS);
  const validatorOf = (schema: JsonObject): ValidateFunction | 'none' => {
    const text = JSON.stringify(schema);
    if (text.length > MAX_SCHEMA_CHARACTERS) return 'none';
    const known = compiled.get(text);
    if (known !== undefined) return known;
    const validator = compile(schema);
    compiled.put(text, validator, text.length);
    return validator;
  };
  return {
    violations(schema, value) {
      const validator = validatorOf(schema);
      if (validator === 'none' || isSatisfied(validator, value)) return [];
      return (validator.errors ?? []).map(({ instancePath, message = 'does not fit', params }) => ({
        pointer: instancePath === '' ? '/' : instancePath,
        expected: `${message}${detailOf(params)}`,
      }));
    },
  };
}

/** A schema that refers to itself without end runs out of stack: then nothing is known. */
function isSatisfied(validate: ValidateFunction, value: unknown): boolean {
  try {
    return validate(value);
  } catch {
    return true;
  }
}

/**
 * By a compiler of its own, so that schemas may share an `$id` and nothing of them is kept but the result. They are not held against
 * the metaschema, which would refuse every older draft; what cannot be understood does not compile.
 */
function compile(schema: JsonObject): ValidateFunction | 'none' {
  const ajv = new Ajv2020({
    allErrors: true,
    strict: false,
    logger: false,
    meta: false,
    validateSchema: false,
  });
  addFormats.default(ajv);
  try {
    const validate = ajv.compile(schema);
    // Its verdict would come later, as a promise.
    return '$async' in validate ? 'none' : validate;
  } catch {
    return 'none';
  }
}

/** What the message leaves out: which property is too many, which values are allowed. */
function detailOf(params: Readonly<Record<string, unknown>>): string {
  const detail = params['additionalProperty'] ?? params['unevaluatedProperty'] ?? params['allowedValues'];
  return detail === undefined ? '' : `: ${JSON.stringify(detail)}`;
}

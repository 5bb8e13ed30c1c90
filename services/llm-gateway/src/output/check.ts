// Whether a whole answer is what was asked for: tool calls that name an offered tool with arguments that satisfy its schema, and
// a final answer that satisfies the output schema. Always against the schema as it was given, whatever a provider's strict mode
// promised. Truncated and refused answers are no business of this: no correction makes them whole.
import type { JsonObject, ToolDefinition } from '@troupe/contracts';
import type { ModelAnswer, ModelRequest } from '../generation.ts';
import type { Problems } from './problems.ts';
import { asLine, bounded, quoted } from './problems.ts';
import { repairOf } from './repair.ts';
import type { Validators } from './validators.ts';
import { createValidators } from './validators.ts';
import { bare, valueIn } from './value.ts';

export interface OutputRules {
  /** The answer as whoever asked wants it: where a schema was asked for, without what models like to wrap JSON in. */
  bare(answer: ModelAnswer, request: ModelRequest): ModelAnswer;
  problemsIn(answer: ModelAnswer, request: ModelRequest): Problems;
  /** The request that asks the model to correct its answer, once. */
  repairOf(request: ModelRequest, answer: ModelAnswer, problems: Problems): ModelRequest;
}

export function createOutputRules(validators: Validators = createValidators()): OutputRules {
  return {
    bare: (answer, { outputSchema }) =>
      outputSchema === undefined || answer.finish !== 'stop' || answer.text === undefined
        ? answer
        : { ...answer, text: bare(answer.text) },
    problemsIn(answer, { tools, outputSchema }) {
      switch (answer.finish) {
        case 'tool_calls':
          return bounded(answer.calls.flatMap((call) => problemsOfCall(call, tools, validators)));
        case 'stop':
          return outputSchema === undefined
            ? []
            : bounded(problemsOfText(answer.text ?? '', outputSchema, validators));
        case 'truncated':
        case 'refused':
          return [];
      }
    },
    repairOf,
  };
}

type Call = ModelAnswer['calls'][number];

function problemsOfCall(call: Call, tools: readonly ToolDefinition[], validators: Validators): string[] {
  const tool = tools.find(({ name }) => name === call.name);
  if (tool === undefined) {
    const offered = tools.map(({ name }) => name).join(', ');
    return [`There is no tool ${quoted(call.name)}. Offered: ${offered === '' ? 'none' : offered}.`];
  }
  const subject = `Arguments of ${tool.name}`;
  const value = valueIn(call.arguments);
  if (value.kind === 'no_json') return [`${subject}: not JSON: ${quoted(call.arguments)}`];
  if (!isObject(value.json)) return [`${subject}: not a JSON object: ${quoted(call.arguments)}`];
  return validators.violations(tool.input_schema, value.json).map((violation) => asLine(subject, violation));
}

function problemsOfText(text: string, schema: JsonObject, validators: Validators): string[] {
  const value = valueIn(text);
  if (value.kind === 'no_json') return [`The answer is not JSON: ${quoted(text)}`];
  return validators.violations(schema, value.json).map((violation) => asLine('The answer', violation));
}

const isObject = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

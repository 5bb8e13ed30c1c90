// A request adapted to the model that is asked: without what the model does not take, and without what it refused a moment ago.
// The same for every dialect. Pure.
import type { JsonObject, ToolDefinition } from '@troupe/contracts';
import type { ModelMessage, ProviderCall } from '../generation.ts';
import { cappedOutput, takesJsonSchema, takesTemperature } from '../rules/models.ts';

export type Asked = Pick<ProviderCall, 'model' | 'request' | 'without'>;

export interface Adapted {
  /** Everything that the model is told before the conversation. */
  readonly system: string | undefined;
  readonly tools: readonly ToolDefinition[];
  /** Undefined where it cannot be said. */
  readonly toolChoice: 'auto' | 'none' | undefined;
  /** Whether the API may be asked to hold calls to their tools' schemas, where those are strict. */
  readonly strictTools: boolean;
  /** What the API is to hold the answer to; undefined also where it is asked for in words. */
  readonly schema: JsonObject | undefined;
  readonly temperature: number | undefined;
  readonly maxTokens: number;
}

const TEMPERATURE = 0.2;

/** `held` is a schema in the form in which the API holds an answer to it, by itself the schema as it is; undefined where it cannot. */
export function adapted(
  { model, request, without = new Set() }: Asked,
  held: (schema: JsonObject) => JsonObject | undefined = (schema) => schema,
): Adapted {
  const { messages, tools, toolChoice, outputSchema, maxTokens } = request;
  const takesSchema = takesJsonSchema(model) && !without.has('schema');
  const schema = takesSchema && outputSchema !== undefined ? held(outputSchema) : undefined;
  const choiceSaid = !without.has('tool_choice');
  return {
    system: systemOf(messages, schema === undefined ? outputSchema : undefined),
    // Where it cannot be said that none is to be called, none is offered.
    tools: choiceSaid || toolChoice === 'auto' ? tools : [],
    toolChoice: choiceSaid ? toolChoice : undefined,
    strictTools: takesSchema,
    schema,
    temperature: takesTemperature(model) && !without.has('temperature') ? TEMPERATURE : undefined,
    maxTokens: cappedOutput(model, maxTokens),
  };
}

function systemOf(messages: readonly ModelMessage[], schema: JsonObject | undefined): string | undefined {
  const parts = messages.flatMap((message) => (message.role === 'system' ? [message.text] : []));
  if (schema !== undefined) parts.push(schemaInWords(schema));
  return parts.length > 0 ? parts.join('\n\n') : undefined;
}

const schemaInWords = (schema: JsonObject): string =>
  `The final answer must be JSON that satisfies this JSON Schema, and nothing else: ${JSON.stringify(schema)}`;

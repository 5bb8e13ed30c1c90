// A request adapted to the model that is asked: without what the model does not take, and without what it refused a moment ago.
// The same for every dialect. Pure.
import type { JsonObject, ToolDefinition } from '@troupe/contracts';
import type { ProviderCall } from '../generation.ts';
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
  /** What the API is to hold the answer to. */
  readonly schema: JsonObject | undefined;
  readonly temperature: number | undefined;
  readonly maxTokens: number;
}

const TEMPERATURE = 0.2;

export function adapted({ model, request, without = new Set() }: Asked): Adapted {
  const { messages, tools, toolChoice, outputSchema, maxTokens } = request;
  const held = takesJsonSchema(model) && !without.has('schema');
  const system = [
    ...messages.flatMap((message) => (message.role === 'system' ? [message.text] : [])),
    ...(outputSchema !== undefined && !held ? [schemaInWords(outputSchema)] : []),
  ];
  const choiceSaid = !without.has('tool_choice');
  return {
    system: system.length > 0 ? system.join('\n\n') : undefined,
    // Where it cannot be said that none is to be called, none is offered.
    tools: choiceSaid || toolChoice === 'auto' ? tools : [],
    toolChoice: choiceSaid ? toolChoice : undefined,
    strictTools: held,
    schema: held ? outputSchema : undefined,
    temperature: takesTemperature(model) && !without.has('temperature') ? TEMPERATURE : undefined,
    maxTokens: cappedOutput(model, maxTokens),
  };
}

const schemaInWords = (schema: JsonObject): string =>
  `The final answer must be JSON that satisfies this JSON Schema, and nothing else: ${JSON.stringify(schema)}`;

// Tools as the model sees them and as the log names them. The executor announces definitions in the bucket
// AGENTS_TOOLS; a run's log names them by hash, so that a redeploy in mid-run changes nothing for it.
import { z } from 'zod';
import { hashOf, JsonObject } from './json.ts';

/** read: changes nothing. idempotent: may be repeated with the same key. once: never repeated without asking. */
export const ToolEffect = z.enum(['read', 'idempotent', 'once']);
export type ToolEffect = z.infer<typeof ToolEffect>;

export const ToolName = z.string().regex(/^[a-z][a-z0-9_]{0,63}$/);

export const ToolDefinition = z.object({
  name: ToolName,
  description: z.string().min(1).max(4_000),
  input_schema: JsonObject.describe('JSON Schema (2020-12) of the arguments'),
  output_schema: JsonObject.describe('JSON Schema (2020-12) of the output'),
  effect: ToolEffect,
  timeout_seconds: z.number().positive().max(3_600),
});
export type ToolDefinition = z.infer<typeof ToolDefinition>;

export const ToolReference = z.object({ name: ToolName, hash: z.string().regex(/^[0-9a-f]{64}$/) });
export type ToolReference = z.infer<typeof ToolReference>;

export const TOOLS_BUCKET = 'AGENTS_TOOLS';

export function referenceTo(definition: ToolDefinition): ToolReference {
  return { name: definition.name, hash: hashOf(definition) };
}

/** Immutable: the definition under its hash. */
export const toolDefinitionKey = (tool: ToolReference): string => `definition.${tool.name}.${tool.hash}`;
/** Mutable: the reference that new runs are offered. */
export const currentToolKey = (name: string): string => `current.${name}`;

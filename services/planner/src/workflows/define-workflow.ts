// What makes a workflow type: its prompt, tools, limits and the shape of its answer. The life of the run is the agent machine.
// From outside a machine receives the events `{ type: 'signal', name, data }` (published at agents.workflow.signalled),
// `workflow.cancel_requested`, `job.completed` and `job.failed`; one that it does not handle leaves it as it is.
import type { z } from 'zod';
import type { JsonObject } from '@troupe/contracts';
import { hashOf } from '@troupe/contracts';
import { z as zod } from 'zod';

export interface WorkflowLimits {
  /** Model turns that may use tools, the last of which offers none. */
  readonly maxIterations: number;
  /** Malformed turns in a row that are answered with an error. */
  readonly maxRepairs: number;
  /** Memories recalled before the first turn; 0 recalls nothing. */
  readonly recallK: number;
}

export interface WorkflowDefinition {
  readonly type: string;
  /** Raise it with every change: a run goes on with the version that it began with. */
  readonly version: number;
  readonly instructions: string;
  /** Names of the tools offered to the model. */
  readonly tools: readonly string[];
  readonly limits: WorkflowLimits;
  /** The answer is JSON of this shape and becomes the result's `output`. */
  readonly outputSchema: z.ZodType | undefined;
  readonly outputJsonSchema: JsonObject | undefined;
  /** Of everything above: a run that began with another hash of the same version is refused, not continued wrongly. */
  readonly hash: string;
}

const DEFAULT_LIMITS: WorkflowLimits = { maxIterations: 10, maxRepairs: 2, recallK: 4 };

/** Declares a workflow type. */
export function defineWorkflow(definition: {
  readonly type: string;
  readonly version: number;
  readonly instructions: string;
  readonly tools: readonly string[];
  readonly limits?: Partial<WorkflowLimits>;
  readonly outputSchema?: z.ZodType;
}): WorkflowDefinition {
  const { outputSchema, limits, ...rest } = definition;
  const outputJsonSchema =
    outputSchema === undefined ? undefined : (zod.toJSONSchema(outputSchema) as JsonObject);
  const complete = { ...rest, limits: { ...DEFAULT_LIMITS, ...limits }, outputJsonSchema };
  return { ...complete, outputSchema, hash: hashOf(complete) };
}

// What a tool is: a name, schemas, how far its effect reaches, and `run`. `defineTool` hides the schemas' types behind
// `prepare`, so that everybody else handles all tools alike. A tool knows nothing of the log's outcomes or of deliveries.
import { z } from 'zod';
import type {
  CorrelationId,
  EventId,
  Failure,
  Json,
  StoredEvent,
  ToolEffect,
  WorkflowKey,
} from '@troupe/contracts';
import { JsonObject, ToolDefinition } from '@troupe/contracts';
import type { Write } from '@troupe/shared';

/** What a call may know and use. The user is the log's, never the model's. */
export interface ToolContext extends WorkflowKey {
  readonly correlationId: CorrelationId;
  /** Names the call for the model. */
  readonly callId: string;
  /** Goes outside as idempotency key: the same in every attempt at this call. */
  readonly effectId: EventId;
  /** Aborts when the call times out or the process drains. */
  readonly signal: AbortSignal;
  /** What stood in the log behind the request when this attempt began. */
  readonly behind: readonly StoredEvent[];
  /** The stream sequence of the request: a read of the log that reaches it has seen everything before the call. */
  readonly seq: number;
  /** Appends an event caused by the request. */
  readonly write: Write;
}

/** What the world says of an act that an earlier attempt may have done. */
export type Reconciled<Output> =
  | { readonly kind: 'done'; readonly output: Output }
  | { readonly kind: 'not_done' }
  | { readonly kind: 'unknown' };

export interface ToolSpec<Input extends z.ZodType, Output extends z.ZodType> {
  readonly name: string;
  readonly description: string;
  readonly input: Input;
  readonly output: Output;
  /** The strictest that any call needs: it is what is announced. */
  readonly effect: ToolEffect;
  /** What this call needs, where calls differ. */
  readonly effectOf?: (input: z.output<Input>) => ToolEffect;
  /** Whether this call goes on behind its answer, as a job whose end is a `job.*` event. */
  readonly inBackground?: (input: z.output<Input>) => boolean;
  readonly timeoutSeconds: number;
  /** Throws ToolError for what was to be expected; RetryableError only for faults of our own infrastructure. */
  readonly run: (input: z.output<Input>, context: ToolContext) => Promise<z.input<Output>>;
  /** For `once`: asks the world whether the act of an earlier attempt happened. Never acts. */
  readonly reconcile?: (input: z.output<Input>, context: ToolContext) => Promise<Reconciled<z.input<Output>>>;
}

/** A call whose arguments are valid. */
export interface ToolCall {
  readonly effect: ToolEffect;
  readonly inBackground: boolean;
  /** Throws OutputError if the output breaks the tool's schema. */
  run(context: ToolContext): Promise<Json>;
  reconcile(context: ToolContext): Promise<Reconciled<Json>>;
}

export interface Tool {
  readonly definition: ToolDefinition;
  /** Throws ToolError `invalid_arguments`, which tells the model each wrong field. */
  prepare(given: JsonObject): ToolCall;
}

/** A failure that is an outcome: the model is told, and may try otherwise. */
export class ToolError extends Error {
  override name = 'ToolError';
  readonly failure: Failure;
  readonly retryable: boolean;
  readonly outcome: 'not_done' | 'unknown';
  constructor(
    failure: Failure,
    options: { retryable?: boolean; outcome?: 'not_done' | 'unknown'; cause?: unknown } = {},
  ) {
    super(`${failure.code}: ${failure.message}`, { cause: options.cause });
    this.failure = failure;
    this.retryable = options.retryable ?? false;
    this.outcome = options.outcome ?? 'not_done';
  }
}

/** A tool returned what its own schema does not allow: a bug in the tool, after it acted. */
export class OutputError extends Error {
  override name = 'OutputError';
}

export function defineTool<Input extends z.ZodType, Output extends z.ZodType>(
  spec: ToolSpec<Input, Output>,
): Tool {
  const { name, effect, reconcile } = spec;
  const checked = (output: z.input<Output>): Json => {
    const parsed = spec.output.safeParse(output);
    if (parsed.success) return parsed.data as Json;
    throw new OutputError(`${name} returned what it must not: ${problems(parsed.error)}`);
  };
  return {
    definition: ToolDefinition.parse({
      name,
      description: spec.description,
      input_schema: schemaOf(spec.input, 'input'),
      output_schema: schemaOf(spec.output, 'output'),
      effect,
      timeout_seconds: spec.timeoutSeconds,
    }),
    prepare(given) {
      const parsed = spec.input.safeParse(given);
      if (!parsed.success) throw invalidArguments(name, parsed.error);
      const input = parsed.data;
      return {
        effect: spec.effectOf?.(input) ?? effect,
        inBackground: spec.inBackground?.(input) ?? false,
        run: async (context) => checked(await spec.run(input, context)),
        async reconcile(context) {
          const found = (await reconcile?.(input, context)) ?? { kind: 'unknown' };
          return found.kind === 'done' ? { kind: 'done', output: checked(found.output) } : found;
        },
      };
    },
  };
}

const schemaOf = (schema: z.ZodType, io: 'input' | 'output'): JsonObject =>
  JsonObject.parse(JSON.parse(JSON.stringify(z.toJSONSchema(schema, { io }))));

const invalidArguments = (name: string, error: z.ZodError): ToolError =>
  new ToolError({
    code: 'invalid_arguments',
    message: `The arguments of ${name} are wrong. ${problems(error)}`.slice(0, 2_000),
    hint: `Correct the named fields and call ${name} again; its input schema says what each takes.`,
  });

const problems = (error: z.ZodError): string =>
  error.issues.map(({ path, message }) => `${z.core.toDotPath(path) || 'arguments'}: ${message}`).join('; ');

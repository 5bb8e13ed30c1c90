// The door: what somebody published becomes the first event of a run, a request to cancel one, or a refusal that says why.
import type {
  DataOf,
  EventDraft,
  Failure,
  RunSettings,
  ToolReference,
  WorkflowKey,
  WorkflowRequest,
} from '@troupe/contracts';
import { canonicalJson, eventId, hashOf, START, WorkflowId } from '@troupe/contracts';
import type { Append, Delivery, LogReader } from '@troupe/shared';
import { RetryableError, TerminalError } from '@troupe/shared';
import type { Run } from './core/run-state.ts';
import type { Refusal, Wish } from './knock.ts';
import { hear } from './knock.ts';
import type { Runs } from './runs.ts';
import type { WorkflowDefinition } from './workflows/define-workflow.ts';
import type { Registry } from './workflows/registry.ts';

export interface DoorOptions {
  readonly append: Append;
  readonly read: LogReader;
  readonly runs: Runs;
  readonly registry: Registry;
  readonly currentTools: (names: readonly string[]) => Promise<ToolReference[]>;
  readonly enabled: boolean;
  readonly maxTokens: number;
  /** Names the door's stream, so that an id derived from its sequence is never used again by another stream. */
  readonly doorId: string;
}

const SOURCE = '/troupe/planner/door';
/** With the backoff of failed deliveries, some three seconds. */
const CANCEL_ATTEMPTS = 4;

export class Door {
  readonly #options: DoorOptions;

  constructor(options: DoorOptions) {
    this.#options = options;
  }

  /** Records what was asked. Throws TerminalError where it is refused and no run can say so: it becomes a dead letter. */
  async handle(delivery: Delivery): Promise<void> {
    const heard = hear(delivery);
    if (!heard.ok) return this.#refuse(delivery, heard.refusal.key, refusalFailure(heard.refusal));
    const { wish } = heard;
    switch (wish.type) {
      case 'workflow.requested':
        return this.#request(delivery, wish);
      case 'workflow.cancel_requested':
        return this.#options.runs.record(wish, (run) => this.#cancelDraft(run, delivery, wish));
    }
  }

  async #request(delivery: Delivery, wish: Extract<Wish, { type: 'workflow.requested' }>): Promise<void> {
    const { append, registry } = this.#options;
    const workflow = wish.workflow ?? this.#derivedId(delivery);
    const key = { user: wish.user, workflow };
    const definition = registry.latest(wish.request.workflow_type);
    if (definition === undefined)
      return this.#refuse(delivery, key, unknownType(wish.request, registry.types));
    const data = await this.#requested(wish.request, definition);
    const draft: EventDraft<'workflow.requested'> = {
      ...key,
      type: 'workflow.requested',
      id: eventId(`${wish.user}/${workflow}`, 'requested'),
      source: SOURCE,
      correlationId: wish.correlationId ?? workflow,
      causationId: this.#causeOf(delivery),
      workflowType: wish.request.workflow_type,
      traceparent: wish.traceparent,
      data,
    };
    const result = await append(draft, { after: START });
    if (result.kind === 'appended') return;
    const [first] = result.tail;
    if (first?.type === 'workflow.requested' && first.data.request_hash === data.request_hash) return;
    throw new TerminalError({
      code: 'workflow_conflict',
      message: `The workflow ${workflow} of ${wish.user} was requested before with another body.`,
      hint: 'Use a new workflow_id; the first request stands.',
    });
  }

  /** Everything that the run will ever ask of its settings, taken now. */
  async #requested(
    request: WorkflowRequest,
    definition: WorkflowDefinition,
  ): Promise<DataOf<'workflow.requested'>> {
    const { goal, workflow_type, preferences, history, deadline_seconds } = request;
    const { enabled, maxTokens, currentTools } = this.#options;
    const settings: RunSettings = {
      enabled,
      definition: { version: definition.version, hash: definition.hash },
      max_iterations: definition.limits.maxIterations,
      max_repairs: definition.limits.maxRepairs,
      recall_k: definition.limits.recallK,
      max_tokens: maxTokens,
      tools: await currentTools(definition.tools),
    };
    const asked = { goal, workflow_type, preferences, history, deadline_seconds };
    return { ...asked, request_hash: hashOf(JSON.parse(canonicalJson(asked))), settings };
  }

  /** A run that is refused before it begins ends with its first event, where it can be named; else a dead letter says why. */
  async #refuse(delivery: Delivery, key: WorkflowKey | undefined, error: Failure): Promise<void> {
    if (key === undefined) throw new TerminalError(error);
    const id = eventId(this.#causeOf(delivery), 'refused');
    // Looked for before anything is published: a plain subscriber of a run that exists must not see a failure that is not its own.
    const head = await this.#options.read.head(key);
    if (head?.id === id) return;
    if (head !== undefined) throw new TerminalError(error);
    const at = new Date(delivery.storedAt).toISOString();
    const draft: EventDraft<'workflow.failed'> = {
      ...key,
      type: 'workflow.failed',
      id,
      source: SOURCE,
      correlationId: key.workflow,
      causationId: this.#causeOf(delivery),
      data: {
        workflow_id: key.workflow,
        user_id: key.user,
        workflow_type: 'unknown',
        status: 'failed',
        error,
        steps: 0,
        usage: { input_tokens: 0, output_tokens: 0 },
        correlation_id: key.workflow,
        started_at: at,
        finished_at: at,
      },
    };
    const result = await this.#options.append(draft, { after: START });
    // The id names a run that exists: what is wrong with this message is not its business.
    if (result.kind === 'conflict') throw new TerminalError(error);
  }

  /** `workflow.cancel_requested` for a run that is still going, else undefined. */
  #cancelDraft(
    run: Run | undefined,
    delivery: Delivery,
    { user, workflow, reason }: Extract<Wish, { type: 'workflow.cancel_requested' }>,
  ): EventDraft<'workflow.cancel_requested'> | undefined {
    if (run === undefined) throw nothingToCancel(workflow, delivery.attempt);
    if (run.state.kind !== 'active') return undefined;
    const { workflowType, correlationId, traceparent } = run;
    const cause = this.#causeOf(delivery);
    return {
      type: 'workflow.cancel_requested',
      id: eventId(cause, 'cancel'),
      source: SOURCE,
      causationId: cause,
      data: reason === undefined ? {} : { reason },
      user,
      workflow,
      workflowType,
      correlationId,
      traceparent,
    };
  }

  #causeOf = ({ seq }: Delivery): string => `${this.#options.doorId}/${seq}`;

  /** The same on every redelivery, and never the id of another message. */
  #derivedId = (delivery: Delivery): WorkflowId =>
    WorkflowId.parse(`wf_${eventId(this.#causeOf(delivery), 'workflow').slice(0, 20)}`);
}

/** The request of a run and its cancellation are handled at once: the cancellation may come first, and then waits a little. */
function nothingToCancel(workflow: WorkflowId, attempt: number): RetryableError | TerminalError {
  const message = `There is no workflow ${workflow} of this user to cancel.`;
  if (attempt < CANCEL_ATTEMPTS) return new RetryableError('unknown_workflow', message);
  return new TerminalError({
    code: 'unknown_workflow',
    message,
    hint: 'Cancel with the user and the workflow_id that the run was requested with.',
  });
}

const refusalFailure = ({ code, message }: Refusal): Failure => ({
  code,
  message,
  hint: 'Compare the message with contracts/src/workflow.ts and publish it again under a new workflow_id.',
});

const unknownType = ({ workflow_type }: WorkflowRequest, known: readonly string[]): Failure => ({
  code: 'unknown_workflow_type',
  message: `There is no workflow type "${workflow_type}".`,
  hint: `Use one of: ${known.join(', ')}.`,
});

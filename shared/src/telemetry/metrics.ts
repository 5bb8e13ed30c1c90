// What a process counts, for Prometheus. Names and label sets are part of the product: dashboards and alerts stand on them, so a
// test compares them literally. Every label has few values: closed sets, configured names, types of the catalogue; never an id.
import { catalogue, type WorkflowStatus } from '@troupe/contracts';
import { collectDefaultMetrics, Counter, Histogram, Registry } from 'prom-client';

export type LlmCallStatus = 'ok' | 'error' | 'timeout' | 'rate_limited' | 'cancelled';
export type ToolCallStatus = 'ok' | 'error' | 'timeout' | 'cancelled';
export type EventStatus = 'ok' | 'retried' | 'dead';

export interface LlmCall {
  readonly provider: string;
  /** As configured, not as the provider says. */
  readonly model: string;
  readonly status: LlmCallStatus;
  readonly seconds: number;
}

/** What stands in for a name that is not known here: anybody could invent more of them. */
const UNKNOWN = '_unknown';

/** How often the event loop's lag is measured; the library's 10 ms cost an idle process a third of a percent of a core. */
const EVENT_LOOP_MS = 50;

/** Those of the GenAI conventions for a workflow's duration, and finer ones below, where a run ends that waits for nobody. */
const WORKFLOW_BUCKETS = [0.05, 0.1, 0.25, 0.5, 1, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200];
/** From a refusal to the budget of a whole turn. */
const LLM_CALL_BUCKETS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];

export class Metrics {
  readonly registry = new Registry();
  /** The durable consumers that this process pulls from. */
  readonly consumers = new Set<{ readonly stream: string; readonly consumer: string }>();
  readonly #llmCalls: Counter<'provider' | 'model' | 'status'>;
  readonly #llmSeconds: Histogram<'provider' | 'model' | 'status'>;
  readonly #llmTokens: Counter<'type'>;
  readonly #workflowSeconds: Histogram<'workflow_type' | 'status'>;
  readonly #toolCalls: Counter<'tool_name' | 'status'>;
  readonly #deadLetters: Counter<'consumer'>;
  /** Counted by hand and handed over when scraped: this one is counted for every event of every run. */
  readonly #events = new Map<string, Record<EventStatus, number>>();

  constructor() {
    const registers = [this.registry];
    this.#llmCalls = new Counter({
      name: 'agents_llm_calls_total',
      help: 'Model turns asked of a provider, every attempt counted; embeddings are not.',
      labelNames: ['provider', 'model', 'status'],
      registers,
    });
    this.#llmSeconds = new Histogram({
      name: 'agents_llm_call_seconds',
      help: 'Duration of an attempt at a model turn, until the whole answer.',
      labelNames: ['provider', 'model', 'status'],
      buckets: LLM_CALL_BUCKETS,
      registers,
    });
    this.#llmTokens = new Counter({
      name: 'agents_llm_tokens_total',
      help: 'Tokens of answered model turns; input includes what came from a cache.',
      labelNames: ['type'],
      registers,
    });
    this.#workflowSeconds = new Histogram({
      name: 'agents_workflow_execution_seconds',
      help: 'From the request of a workflow to its end.',
      labelNames: ['workflow_type', 'status'],
      buckets: WORKFLOW_BUCKETS,
      registers,
    });
    this.#toolCalls = new Counter({
      name: 'agents_tool_calls_total',
      help: 'Tool calls performed.',
      labelNames: ['tool_name', 'status'],
      registers,
    });
    this.#deadLetters = new Counter({
      name: 'agents_dead_letters_total',
      help: 'Messages that nobody could handle.',
      labelNames: ['consumer'],
      registers,
    });
    this.#reportEvents();
  }

  /** Memory, CPU, event loop and garbage collection of this process. */
  withProcess(): this {
    collectDefaultMetrics({ register: this.registry, eventLoopMonitoringPrecision: EVENT_LOOP_MS });
    return this;
  }

  llmCall({ provider, model, status, seconds }: LlmCall): void {
    const labels = { provider, model, status };
    this.#llmCalls.inc(labels);
    this.#llmSeconds.observe(labels, seconds);
  }

  llmTokens(used: { readonly input_tokens: number; readonly output_tokens: number }): void {
    this.#llmTokens.inc({ type: 'input' }, used.input_tokens);
    this.#llmTokens.inc({ type: 'output' }, used.output_tokens);
  }

  workflowEnded(workflowType: string, status: WorkflowStatus, seconds: number): void {
    this.#workflowSeconds.observe({ workflow_type: workflowType, status }, seconds);
  }

  /** `tool`: its name in the registry; undefined for a name that is not there. */
  toolCall(tool: string | undefined, status: ToolCallStatus): void {
    this.#toolCalls.inc({ tool_name: tool ?? UNKNOWN, status });
  }

  deadLetter(consumer: string): void {
    this.#deadLetters.inc({ consumer });
  }

  eventProcessed(subject: string, status: EventStatus): void {
    const type = eventTypeOf(subject);
    let counts = this.#events.get(type);
    if (counts === undefined) {
      counts = { ok: 0, retried: 0, dead: 0 };
      this.#events.set(type, counts);
    }
    counts[status] += 1;
  }

  #reportEvents(): void {
    const events = this.#events;
    new Counter({
      name: 'agents_events_processed_total',
      help: 'Deliveries settled: done, to be delivered again, or dead.',
      labelNames: ['event_type', 'status'],
      registers: [this.registry],
      collect() {
        this.reset();
        for (const [event_type, counts] of events)
          for (const [status, count] of Object.entries(counts)) this.inc({ event_type, status }, count);
      },
    });
  }
}

/** `<domain>.<event>` of `agents.<domain>.<event>…`, where the catalogue has it. */
function eventTypeOf(subject: string): string {
  if (subject.startsWith('agents-timers.fired.')) return 'timer.fired';
  const domain = subject.indexOf('.') + 1;
  const event = subject.indexOf('.', domain) + 1;
  const end = subject.indexOf('.', event);
  const type = subject.slice(domain, end === -1 ? undefined : end);
  return catalogue.has(type) ? type : UNKNOWN;
}

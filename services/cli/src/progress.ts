// A run's events as lines that a person can follow. Pure. `simulated` says that the provider-simulator stands behind the provider's
// name: a person is told who really answers.
import type { ModelToolCall, StoredEvent } from '@troupe/contracts';

/** One line for what matters to a person, undefined for the rest. */
export function progressLine(event: StoredEvent, simulated: boolean): string | undefined {
  switch (event.type) {
    case 'workflow.requested':
      return `▸ run ${event.workflow}: ${shortened(event.data.goal)}`;
    case 'memory.completed':
      return `  recalled ${count(event.data.snippets.length, 'memory', 'memories')}`;
    case 'memory.failed':
      return `  goes on without memory: ${event.data.error.message}`;
    case 'llm.requested':
      return `  thinks (turn ${event.data.turn}) …`;
    case 'llm.completed':
      return modelLine(event.data.turn.tool_calls, simulated ? 'provider-simulator' : event.data.model);
    case 'llm.failed':
      return `  model failed: ${event.data.error.message}`;
    case 'tool.completed':
      return `  ${event.data.tool} done`;
    case 'tool.failed':
      return `  ${event.data.tool} failed: ${event.data.error.message}`;
    case 'job.completed':
      return `  job ${event.data.job_id} done`;
    case 'job.failed':
      return `  job ${event.data.job_id} failed: ${event.data.error.message}`;
    case 'notification.created':
      return `  ✉ ${event.data.message}`;
    case 'timer.fired':
      return '  a timer fired';
    case 'workflow.completed':
      return `✔ completed in ${duration(event.data.started_at, event.data.finished_at)}, ${count(event.data.steps, 'step', 'steps')}${simulated ? '' : costOf(event.data.cost_nano_usd)}`;
    case 'workflow.failed':
      return `✖ failed: ${event.data.error?.message ?? 'no reason given'} ${event.data.error?.hint ?? ''}`;
    case 'workflow.cancelled':
    case 'workflow.disabled':
      return `✖ ${event.data.status}: ${event.data.reason ?? 'no reason given'}`;
    case 'workflow.signalled':
      return `  is told ${event.data.name}`;
    case 'workflow.cancel_requested':
    case 'memory.requested':
    case 'llm.cancelled':
    case 'tool.requested':
    case 'tool.cancelled':
    case 'tool.started':
    case 'unknown':
      return undefined;
  }
}

function modelLine(calls: readonly ModelToolCall[], model: string): string {
  if (calls.length === 0) return `  answers (${model})`;
  return `  wants ${calls.map(({ name, arguments: args }) => `${name}(${shortened(args)})`).join(', ')} (${model})`;
}

const LINE = 120;
const shortened = (text: string): string => (text.length > LINE ? `${text.slice(0, LINE - 1)}…` : text);

/** To a hundredth of a cent, upwards: nothing that cost something is said to be free. */
const costOf = (nanoUsd: number | null | undefined): string =>
  nanoUsd ? `, $${(Math.ceil(nanoUsd / 1e5) / 1e4).toFixed(4)}` : '';

const count = (n: number, one: string, many: string): string => `${n} ${n === 1 ? one : many}`;

export const duration = (from: string, to: string): string =>
  `${((Date.parse(to) - Date.parse(from)) / 1_000).toFixed(1)} s`;

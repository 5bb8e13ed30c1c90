// The names of all variables of ours, whoever reads them: a process sees the variables of its neighbours too, so only this list
// can tell a typo from another service's setting. A test holds it to what the services really read.
import { nearest } from './nearest.ts';

export const knownVariables: readonly string[] = [
  'AGENT_BROWSER_CONCURRENCY',
  'AGENT_BUDGET_DAY_USD',
  'AGENT_BUDGET_USER_DAY_USD',
  'AGENT_BUDGET_WORKFLOW_USD',
  'AGENT_EGRESS_ALLOW',
  'AGENT_EMBEDDING_MODEL',
  'AGENT_FALLBACK_MODEL',
  'AGENT_HTTP_BASE_BACKOFF_SECONDS',
  'AGENT_HTTP_MAX_RETRIES',
  'AGENT_LLM_CONCURRENCY',
  'AGENT_LLM_TIMEOUT_SECONDS',
  'AGENT_MAX_TOKENS',
  'AGENT_MEMORY_CONCURRENCY',
  'AGENT_MEMORY_KEY',
  'AGENT_MEMORY_KEY_FILE',
  'AGENT_MEMORY_KEY_PREVIOUS',
  'AGENT_MEMORY_KEY_PREVIOUS_FILE',
  'AGENT_MEMORY_TIMEOUT_SECONDS',
  'AGENT_METRICS_HOST',
  'AGENT_METRICS_PORT',
  'AGENT_NOTIFY_WEBHOOK_URL',
  'AGENT_PRICES_FILE',
  'AGENT_PRIMARY_MODEL',
  'AGENT_TOOL_CONCURRENCY',
  'FF_AGENTS_ENABLED',
  'FF_AGENTS_LLM_FALLBACK',
];

/** One sentence for every name that looks like ours and is none. */
export function unknownVariables(names: readonly string[]): string[] {
  return names
    .filter((name) => /^(AGENT|FF)_/.test(name) && !knownVariables.includes(name))
    .map((name) => {
      const meant = nearest(name, knownVariables);
      return `${name} is not a variable of Troupe and is ignored${meant === undefined ? '' : `: was ${meant} meant?`}`;
    });
}

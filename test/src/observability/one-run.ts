// A run to look at, and services that send what they trace.
import type { NatsConnection } from 'nats';
import { headers as createHeaders } from 'nats';
import type { WorkflowResult } from '@troupe/contracts';
import { SERVICES } from '../../../services/cli/src/stack.ts';

/** On the page that is read: it must be found nowhere but in the run's own log. */
export const SECRET_WORD = 'rhododendron';
export const HTML = `<!doctype html><title>${SECRET_WORD}</title><p id="value">the ${SECRET_WORD} of the page</p>`;

/** To every service; spans are sent without delay. */
export const tracing = (endpoint: string) =>
  Object.fromEntries(
    SERVICES.map((service) => [
      service,
      { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_BSP_SCHEDULE_DELAY: '50' },
    ]),
  );

/** A run that recalls, thinks, opens a page, thinks, notifies, thinks and answers; done when it is in memory, too. */
export async function oneRun(
  client: NatsConnection,
  { goal, workflow, traceparent }: { goal: string; workflow: string; traceparent?: string },
): Promise<WorkflowResult> {
  const results = client.subscribe(`agents.workflow.completed.*.alice.${workflow}`, {
    max: 1,
    timeout: 60_000,
  });
  const headers = createHeaders();
  if (traceparent !== undefined) headers.set('traceparent', traceparent);
  const body = JSON.stringify({ goal, workflow_id: workflow, correlation_id: `ticket-${workflow}` });
  client.publish('agents.workflow.requested.alice', body, { headers });
  for await (const message of results) return message.json<WorkflowResult>();
  throw new Error('no result');
}

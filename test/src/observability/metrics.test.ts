// What a scraper and a NATS client see of a run from outside. Names and label sets are compared literally, since dashboards and
// alerts stand on them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NatsConnection } from 'nats';
import { RequestStrategy } from 'nats';
import { rpc, rpcFilter } from '@troupe/contracts';
import type { Stack } from '../../../services/cli/src/stack.ts';
import { SERVICES } from '../../../services/cli/src/stack.ts';
import { withStack } from '../e2e/with-stack.ts';
import { until } from '../support/until.ts';
import { families, scrape, total } from './exposition.ts';
import { HTML, oneRun } from './one-run.ts';

const metricsUrl = async (stack: Stack, service: (typeof SERVICES)[number]): Promise<string> => {
  const [process_] = stack.processes(service);
  return String((await process_?.ready)?.['metrics_url']);
};

const EVERYWHERE = [
  'agents_consumer_ack_pending{stream,consumer}',
  'agents_consumer_pending{stream,consumer}',
];

test('a run is counted, under exactly the names and labels that dashboards stand on, and every service tells how it is', async () => {
  await withStack({ html: HTML }, async ({ stack, client, world }) => {
    await oneRun(client, { goal: `Open ${world.url}/ and tell me \`#value\`.`, workflow: 'counted' });
    client.publish('agents.workflow.requested', 'not JSON');
    await until('a dead letter', async () => {
      const series = await scrape(await metricsUrl(stack, 'planner'));
      return total(series, 'agents_dead_letters_total', { consumer: 'door' }) === 1;
    });
    const scraped = {
      planner: await scrape(await metricsUrl(stack, 'planner')),
      gateway: await scrape(await metricsUrl(stack, 'llm-gateway')),
      executor: await scrape(await metricsUrl(stack, 'tool-executor')),
      memory: await scrape(await metricsUrl(stack, 'memory')),
    };
    assert.deepEqual(families(scraped.planner, 'agents_'), [
      ...EVERYWHERE,
      'agents_dead_letters_total{consumer}',
      'agents_events_processed_total{event_type,status}',
      'agents_workflow_execution_seconds{workflow_type,status}',
    ]);
    assert.deepEqual(families(scraped.gateway, 'agents_'), [
      ...EVERYWHERE,
      'agents_events_processed_total{event_type,status}',
      'agents_llm_attempts_total{provider,model,kind,error_class}',
      'agents_llm_call_seconds{provider,model,status}',
      'agents_llm_calls_total{provider,model,status}',
      'agents_llm_cost_nano_usd_total{provider,model}',
      'agents_llm_key_state{provider,key_id,state}',
      'agents_llm_overhead_seconds{}',
      'agents_llm_queue_wait_seconds{}',
      'agents_llm_suspected_duplicates_total{}',
      'agents_llm_tokens_total{type}',
    ]);
    assert.deepEqual(families(scraped.executor, 'agents_'), [
      ...EVERYWHERE,
      'agents_events_processed_total{event_type,status}',
      'agents_tool_calls_total{tool_name,status}',
    ]);
    assert.deepEqual(families(scraped.memory, 'agents_'), [
      ...EVERYWHERE,
      'agents_events_processed_total{event_type,status}',
      'agents_memory_hits_total{}',
      'agents_memory_misses_total{}',
      'agents_memory_rebuild_events{state}',
      'agents_memory_records_total{label}',
      'agents_memory_search_seconds{}',
    ]);
    const lag = scraped.memory.filter(({ name }) => name === 'agents_consumer_pending');
    assert.ok(lag.some(({ labels }) => labels['consumer'] === 'memory-projection'));

    const { planner, gateway, executor } = scraped;
    const ended = { workflow_type: 'automation', status: 'completed' };
    assert.equal(total(planner, 'agents_workflow_execution_seconds_count', ended), 1);
    assert.ok(total(planner, 'agents_workflow_execution_seconds_sum', ended) < 60);
    const asked = { provider: 'openai', model: 'gpt-4.1-mini', status: 'ok' };
    assert.equal(total(gateway, 'agents_llm_calls_total', asked), 3);
    assert.equal(total(gateway, 'agents_llm_call_seconds_count', asked), 3);
    assert.ok(total(gateway, 'agents_llm_tokens_total', { type: 'input' }) > 0);
    assert.ok(total(gateway, 'agents_llm_tokens_total', { type: 'output' }) > 0);
    for (const tool_name of ['spawn_browser_job', 'notify_user'])
      assert.equal(total(executor, 'agents_tool_calls_total', { tool_name, status: 'ok' }), 1);
    assert.equal(
      total(gateway, 'agents_events_processed_total', { event_type: 'llm.requested', status: 'ok' }),
      3,
    );
    assert.equal(total(planner, 'agents_consumer_pending', { stream: 'AGENTS_IN', consumer: 'door' }), 0);
    assert.ok(planner.some(({ name }) => name === 'nodejs_eventloop_lag_seconds'));

    for (const service of SERVICES) {
      const base = (await metricsUrl(stack, service)).replace('/metrics', '');
      for (const [path, status] of [
        ['/livez', 200],
        ['/healthz', 200],
        ['/readyz', 200],
        ['/', 404],
        ['/metrics/x', 404],
      ] as const)
        assert.equal((await fetch(base + path)).status, status, `${service} ${path}`);
    }
    await assertListed(client, stack);
  });
});

/** As `nats micro list`, `ping` and `stats` ask. */
async function assertListed(client: NatsConnection, stack: Stack): Promise<void> {
  const micro = client.services.client({ strategy: RequestStrategy.Timer, maxWait: 1_000 });
  const names: string[] = [];
  for await (const { name } of await micro.ping()) names.push(name);
  assert.deepEqual(names.sort(), [
    'agents-llm-gateway',
    'agents-memory',
    'agents-planner',
    'agents-tool-executor',
  ]);
  const endpoints: string[] = [];
  const urls: Record<string, string | undefined> = {};
  for await (const { name, metadata, endpoints: found } of await micro.info()) {
    urls[name] = metadata?.['metrics_url'];
    endpoints.push(...found.map(({ subject }) => subject));
  }
  for (const service of SERVICES)
    assert.equal(urls[`agents-${service}`], await metricsUrl(stack, service), service);
  const queries = Object.values(rpc).map(({ service, method }) => rpcFilter(service, method));
  assert.deepEqual(endpoints.sort(), queries.sort());
  for await (const stats of await micro.stats('agents-memory')) assert.equal(stats.endpoints?.length, 5);
}

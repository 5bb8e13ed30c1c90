// What a collector sees of a run: one trace across all services. Names, parents and attributes are compared literally.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SERVICES } from '../../../services/cli/src/stack.ts';
import { withStack } from '../e2e/with-stack.ts';
import { until } from '../support/until.ts';
import type { CapturedSpan, Collector } from './collector.ts';
import { startCollector } from './collector.ts';
import { HTML, oneRun, SECRET_WORD, tracing } from './one-run.ts';

const CLIENT_TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const CLIENT_SPAN = '00f067aa0ba902b7';

/** The tree as text: `name kind service`, children below their parents, in the order of their beginning. */
function tree(spans: readonly CapturedSpan[], parent: string | undefined, depth = 0): string[] {
  return spans
    .filter(({ parentSpanId }) => parentSpanId === parent)
    .sort((a, b) => a.start - b.start || a.name.localeCompare(b.name))
    .flatMap((span) => [
      `${'  '.repeat(depth)}${span.name} ${span.kind} ${span.service}`,
      ...tree(spans, span.spanId, depth + 1),
    ]);
}

const spansOf = (collector: Collector, traceId: string): CapturedSpan[] =>
  collector.spans.filter((span) => span.traceId === traceId);

/** Everything of a traced run: the root comes last but for what memory keeps of it. */
const whole = (collector: Collector, traceId: string): Promise<CapturedSpan[]> =>
  until(
    'the whole trace',
    () => {
      const spans = spansOf(collector, traceId);
      const names = new Set(spans.map(({ name }) => name));
      return (
        ['agents.automation.execute', 'agents.automation.memory_upsert'].every((name) => names.has(name)) &&
        spans
      );
    },
    20_000,
  );

test('a run is one trace across all services, below the span of the client that asked for it, and nothing of it leaves them', async () => {
  await using collector = await startCollector();
  const lines: string[] = [];
  await withStack({ html: HTML, env: tracing(collector.url) }, async (given) => {
    const { client, stack, world } = given;
    await oneRun(client, {
      goal: `Open ${world.url}/ and tell me \`#value\`.`,
      workflow: 'traced',
      traceparent: `00-${CLIENT_TRACE}-${CLIENT_SPAN}-01`,
    });
    const spans = await whole(collector, CLIENT_TRACE);
    const elsewhere = collector.spans.filter(({ traceId }) => traceId !== CLIENT_TRACE);
    assert.deepEqual(elsewhere, []);

    const [root, ...others] = spans.filter(({ name }) => name === 'agents.automation.execute');
    assert.ok(root !== undefined && others.length === 0);
    assert.equal(root.parentSpanId, CLIENT_SPAN);
    const below = tree(spans, root.spanId);
    const plan = 'agents.automation.plan consumer planner';
    const think = [
      'agents.automation.llm_call consumer llm-gateway',
      '  chat gpt-4.1-mini client llm-gateway',
    ];
    const tool = (name: string): string[] => [
      'agents.automation.tool_call consumer tool-executor',
      `  execute_tool ${name} internal tool-executor`,
    ];
    const memory = (action: 'search' | 'upsert'): string[] => [
      `agents.automation.memory_${action} consumer memory`,
      `  ${action}_memory client memory`,
      '    embeddings lexical-384 client llm-gateway',
      `    agents.vectorstore.${action} client memory`,
    ];
    // Services run beside each other: what is compared is which spans there are, each below its parent.
    assert.deepEqual(
      groups(below),
      groups([
        // The request, six outcomes, and what the second tool announced and left.
        ...Array.from({ length: 9 }, () => plan),
        ...memory('search'),
        ...[...think, ...think, ...think],
        ...tool('spawn_browser_job'),
        ...tool('notify_user'),
        ...memory('upsert'),
      ]),
    );
    assertAttributes(spans, root);
    assertLinks(spans);

    // Not to the provider, and nothing of what was said.
    const record = (await (await fetch(`${stack.simulatorUrl}/simulator/record`)).json()) as {
      calls: { headers: { traceparent: string | null } }[];
    };
    assert.ok(record.calls.length >= 3);
    assert.ok(record.calls.every(({ headers }) => headers.traceparent === null));
    for (const body of collector.bodies) assert.ok(!body.includes(SECRET_WORD) && !body.includes('tell me'));
    lines.push(...given.lines);
  });
  assertLogs(lines);
});

/** Top-level lines with what is indented below them, sorted. */
function groups(lines: readonly string[]): string[] {
  const grouped: string[] = [];
  for (const line of lines) {
    if (line.startsWith(' ')) grouped.push(`${grouped.pop() ?? ''}\n${line}`);
    else grouped.push(line);
  }
  return grouped.sort();
}

function assertAttributes(spans: readonly CapturedSpan[], root: CapturedSpan): void {
  const has = (name: string, expected: Record<string, unknown>): void => {
    const found = spans.find((span) => span.name === name);
    assert.ok(found !== undefined, name);
    for (const [key, value] of Object.entries(expected))
      assert.deepEqual(found.attributes[key], value, `${name} ${key}`);
  };
  const run = { 'user.id': 'alice', 'workflow.id': 'traced', correlation_id: 'ticket-traced' };
  has(root.name, {
    ...run,
    'gen_ai.operation.name': 'invoke_workflow',
    'gen_ai.workflow.name': 'automation',
    'gen_ai.conversation.id': 'traced',
    'agents.workflow.status': 'completed',
  });
  const messaging = { 'messaging.system': 'nats', 'messaging.operation.type': 'process' };
  has('agents.automation.plan', { ...run, ...messaging, 'gen_ai.operation.name': 'plan' });
  has('agents.automation.llm_call', {
    ...run,
    ...messaging,
    'messaging.consumer.group.name': 'llm-gateway',
    'messaging.destination.template': 'agents.llm.requested.{shard}.{user}.{workflow}',
    'cloudevents.event_type': 'llm.requested',
    'agents.delivery.attempt': 1,
  });
  has('chat gpt-4.1-mini', {
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': 'openai',
    'gen_ai.request.model': 'gpt-4.1-mini',
  });
  has('execute_tool notify_user', {
    'gen_ai.operation.name': 'execute_tool',
    'gen_ai.tool.name': 'notify_user',
  });
  has('search_memory', { 'gen_ai.operation.name': 'search_memory' });
  has('upsert_memory', { 'gen_ai.operation.name': 'upsert_memory', 'gen_ai.memory.record.count': 1 });
  has('embeddings lexical-384', {
    'gen_ai.operation.name': 'embeddings',
    'gen_ai.request.model': 'lexical-384',
  });
  const chats = spans.filter(({ name }) => name.startsWith('chat '));
  assert.ok(chats.every(({ attributes }) => Number(attributes['gen_ai.usage.input_tokens']) > 0));
  assert.ok(chats.every(({ attributes }) => Array.isArray(attributes['gen_ai.response.finish_reasons'])));
  assert.ok(spans.every(({ failed, attributes }) => !failed && attributes['error.type'] === undefined));
  assert.ok(spans.every(({ start, end }) => end >= start));
}

/** What the planner took in names who wrote it: each answer links to the span of the work that gave it. */
function assertLinks(spans: readonly CapturedSpan[]): void {
  const linked = new Set(
    spans
      .filter(({ name }) => name.endsWith('.plan'))
      .flatMap(({ links }) => links.map(({ spanId }) => spanId)),
  );
  const work = spans.filter(({ name }) => /\.(llm_call|tool_call|memory_search)$/.test(name));
  assert.equal(work.length, 6);
  assert.ok(work.every(({ spanId }) => linked.has(spanId)));
}

function assertLogs(lines: readonly string[]): void {
  const logged = lines.map((line) => {
    const text = line.slice(line.indexOf(' ') + 1);
    assert.match(text, /^\{.*\}$/, 'a line that is not JSON');
    return JSON.parse(text) as Record<string, unknown>;
  });
  const ids = {
    workflow_id: 'traced',
    user_id: 'alice',
    correlation_id: 'ticket-traced',
    trace_id: CLIENT_TRACE,
  };
  const about = (service: string, msg: string): Record<string, unknown> => {
    const found = logged.find((line) => line['service'] === service && line['msg'] === msg);
    assert.ok(found !== undefined, `${service}: ${msg}`);
    for (const [key, value] of Object.entries(ids)) assert.equal(found[key], value, `${msg} ${key}`);
    assert.match(String(found['causation_id']), /^[0-9a-f]{32}$/);
    return found;
  };
  assert.equal(about('planner', 'workflow ended')['status'], 'completed');
  assert.match(String(about('tool-executor', 'tool call')['span_id']), /^[0-9a-f]{16}$/);
  assert.ok(lines.every((line) => !line.includes(SECRET_WORD)));
}

test('a collector that is away costs one warning: the run completes, and every service ends as if nothing were', async () => {
  const lines: string[] = [];
  const exits: Promise<unknown>[] = [];
  await withStack({ html: HTML, env: tracing('http://127.0.0.1:9') }, async (given) => {
    const { client, stack } = given;
    const result = await oneRun(client, { goal: 'Notify me that all is well.', workflow: 'alone' });
    assert.equal(result.status, 'completed');
    await until(
      'a warning',
      () => given.lines.some((line) => line.includes('traces cannot be sent')),
      20_000,
    );
    for (const service of SERVICES) exits.push(...stack.processes(service).map(({ exited }) => exited));
    lines.push(...given.lines);
  });
  assert.deepEqual(
    await Promise.all(exits),
    SERVICES.map(() => ({ code: 0, signal: null })),
  );
  const warnings = lines.filter((line) => line.includes('traces cannot be sent'));
  assert.ok(new Set(warnings.map((line) => line.split(' ')[0])).size === warnings.length, 'one each at most');
});

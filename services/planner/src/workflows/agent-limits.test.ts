import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import type { DataOf } from '@troupe/contracts';
import { openTimers } from '../core/run.ts';
import { AgentStory, errorIn, textOf } from '../test-support/agent-story.ts';
import { call, calls, requested, says, turnOf } from '../test-support/turns.ts';
import { defineWorkflow } from './define-workflow.ts';

const failure = { code: 'providers_unavailable', message: 'All are down.', hint: 'Wait.' };
const empty = turnOf({});

/** A run in each of its states. */
const states: Record<string, () => AgentStory> = {
  recalling: () => new AgentStory().settled(),
  thinking: () => new AgentStory().recalls().settled(),
  acting: () =>
    new AgentStory()
      .recalls()
      .thinks(calls(call('a'), call('b')))
      .settled(),
  'acting, half done': () =>
    new AgentStory()
      .recalls()
      .thinks(calls(call('a'), call('b')))
      .tells('a')
      .settled(),
  repairing: () => new AgentStory().recalls().thinks(empty).settled(),
  'before anything was written': () => new AgentStory(),
};

test('the tenth turn offers no tools and says so, and its answer is the answer', () => {
  const story = new AgentStory().recalls();
  for (let turn = 1; turn < 10; turn += 1) {
    assert.equal(story.prompt.turn, turn);
    assert.equal(story.prompt.tools.length, 2);
    story.thinks(calls(call(`c${turn}`))).tells(`c${turn}`);
  }
  const { turn, tools, tool_choice, messages } = story.prompt;
  assert.deepEqual({ turn, tools, tool_choice }, { turn: 10, tools: [], tool_choice: 'none' });
  assert.match(textOf(messages.at(-1)!), /last turn/);
  assert.equal(story.thinks(says('As far as I know, 42.')).ending?.data.answer, 'As far as I know, 42.');
});

test('a last turn without an answer fails the run with iteration_limit, also if it calls tools', () => {
  for (const last of [empty, calls(call('c1'))]) {
    const story = new AgentStory(requested({ max_iterations: 1 })).recalls().thinks(last);
    assert.deepEqual(story.owedTypes(), ['workflow.failed']);
    assert.equal(story.ending?.data.error?.code, 'iteration_limit');
  }
});

const MALFORMED: Record<string, { turn: DataOf<'llm.completed'>; code: string; role: string }> = {
  'an unknown tool': { turn: calls(call('c', { name: 'fly' })), code: 'unknown_tool', role: 'tool' },
  'arguments that are no JSON': {
    turn: calls(call('c', { arguments: '{"message":' })),
    code: 'malformed_arguments',
    role: 'tool',
  },
  'arguments that are no object': {
    turn: calls(call('c', { arguments: '[1]' })),
    code: 'malformed_arguments',
    role: 'tool',
  },
  'no arguments': { turn: calls(call('c', { arguments: '' })), code: 'malformed_arguments', role: 'tool' },
  'arguments nested without end': {
    turn: calls(call('c', { arguments: `{"a":${'['.repeat(5_000)}${']'.repeat(5_000)}}` })),
    code: 'malformed_arguments',
    role: 'tool',
  },
  'an empty turn': { turn: empty, code: 'empty_turn', role: 'user' },
  'a turn of spaces': { turn: says(' \n '), code: 'empty_turn', role: 'user' },
};

for (const [name, { turn, code, role }] of Object.entries(MALFORMED)) {
  test(`${name}: the model is told a structured error and asked again, twice, and then the run fails`, () => {
    const story = new AgentStory().recalls();
    for (const repair of [1, 2]) {
      story.thinks(turn);
      assert.deepEqual(story.owedTypes(), ['llm.requested'], `repair ${repair}`);
      assert.equal(story.prompt.turn, repair + 1);
      const [told, ...more] = story.prompt.messages;
      assert.deepEqual(more, []);
      assert.equal(told?.role, role);
      assert.equal(errorIn(told).code, code);
      assert.notEqual(errorIn(told).hint, '');
    }
    story.thinks(turn);
    assert.deepEqual(story.owedTypes(), ['workflow.failed']);
    const { error } = story.ending!.data;
    assert.equal(error?.code, 'malformed_model_output');
    assert.match(error.message, /after 2 corrections/);
  });
}

test('a good turn forgives the malformed ones before it', () => {
  const story = new AgentStory().recalls();
  for (const id of ['c1', 'c2', 'c3'])
    story
      .thinks(empty)
      .thinks(empty)
      .thinks(calls(call(id)))
      .tells(id);
  assert.deepEqual(story.owedTypes(), ['llm.requested']);
});

test('a turn with one good call counts as good', () => {
  const story = new AgentStory().recalls().thinks(empty).thinks(empty);
  story.thinks(calls(call('bad', { arguments: '?' }), call('good'))).tells('good');
  assert.deepEqual(story.owedTypes(), ['llm.requested']);
  assert.deepEqual(story.thinks(empty).owedTypes(), ['llm.requested'], 'counted from zero again');
});

test('repairs are bounded by the turns of the run as well', () => {
  const story = new AgentStory(requested({ max_iterations: 2, max_repairs: 100 })).recalls().thinks(empty);
  assert.deepEqual(story.prompt.tools, []);
  assert.equal(story.thinks(empty).ending?.data.error?.code, 'iteration_limit');
});

test('an answer must satisfy the output schema of its workflow type, and is then the output', () => {
  const outputSchema = z.object({ total: z.number() });
  const definition = defineWorkflow({
    type: 'sums',
    version: 1,
    instructions: 'Add.',
    tools: [],
    outputSchema,
  });
  const story = new AgentStory(requested(), definition).recalls();
  assert.deepEqual(story.prompt.output_schema?.['required'], ['total']);
  story.thinks(says('{"total":"42"}'));
  assert.equal(errorIn(story.prompt.messages[0]).code, 'invalid_output');
  story.thinks(says('It is 42.'));
  assert.equal(errorIn(story.prompt.messages[0]).code, 'invalid_output');
  story.thinks(says(' {"total":42,"more":1} '));
  assert.deepEqual(story.ending?.data.output, { total: 42 });
  assert.equal(story.ending.data.answer, '{"total":42,"more":1}');
});

test('a refusal and a truncated turn fail the run with what the provider said', () => {
  const refused = new AgentStory().recalls().thinks(turnOf({ text: 'I cannot.' }, { finish: 'refused' }));
  assert.equal(refused.ending?.data.error?.code, 'model_refused');
  assert.match(refused.ending.data.error.message, /I cannot\./);
  const raw = new AgentStory()
    .recalls()
    .thinks(turnOf({}, { finish: 'refused', finish_raw: 'content_filter' }));
  assert.match(raw.ending?.data.error?.message ?? '', /content_filter/);
  const truncated = new AgentStory()
    .recalls()
    .thinks(turnOf({ tool_calls: [call('c')] }, { finish: 'truncated' }));
  assert.equal(truncated.ending?.data.error?.code, 'answer_truncated');
  assert.deepEqual(truncated.owedTypes(), ['workflow.failed'], 'a truncated call is not made');
});

test('a refusal of any length can be written', () => {
  const story = new AgentStory()
    .recalls()
    .thinks(turnOf({ text: 'No. '.repeat(50_000) }, { finish: 'refused' }));
  assert.equal(story.settled().run.state.kind, 'ended');
});

test('a run ends whatever its provider says that it used', () => {
  const usage = { input_tokens: Number.MAX_SAFE_INTEGER, output_tokens: Number.MAX_SAFE_INTEGER };
  const story = new AgentStory()
    .recalls()
    .thinks(turnOf({}, { usage }))
    .thinks(turnOf({ text: '42' }, { usage }));
  assert.deepEqual(story.settled().ending?.data.usage, usage);
  assert.equal(story.run.state.kind, 'ended');
});

test('a model call that the gateway gave up fails the run with the error of the gateway', () => {
  const story = new AgentStory().recalls().settled().answers('llm.failed', { error: failure, attempts: 4 });
  assert.deepEqual(story.owedTypes(), ['workflow.failed']);
  assert.deepEqual(story.ending?.data.error, failure);
});

test('a run that began with the flag off is disabled, and nothing else is owed', () => {
  const story = new AgentStory(requested({ enabled: false }));
  assert.deepEqual(story.owedTypes(), ['workflow.disabled']);
  assert.equal(story.ending?.data.reason, 'feature_flag_off');
  assert.deepEqual(openTimers(story.run), []);
});

for (const [state, inState] of Object.entries(states)) {
  test(`the deadline ends a run that is ${state}`, () => {
    const story = inState();
    const [timer, ...more] = openTimers(story.run);
    assert.deepEqual(more, []);
    assert.equal(timer?.dueAt, story.log.events[0]!.storedAt + 900_000);
    story.timer();
    assert.deepEqual(story.owedTypes(), ['workflow.failed']);
    assert.equal(story.ending?.data.error?.code, 'deadline_exceeded');
    assert.deepEqual(openTimers(story.run), []);
  });

  test(`a cancellation ends a run that is ${state}, with the reason that was given`, () => {
    const story = inState().receives('workflow.cancel_requested', { reason: 'no longer needed' });
    assert.deepEqual(story.owedTypes(), ['workflow.cancelled']);
    assert.equal(story.ending?.data.reason, 'no longer needed');
    assert.deepEqual(openTimers(story.run), []);
    const plain = inState().receives('workflow.cancel_requested', {});
    assert.equal(plain.ending?.data.reason, 'cancel_requested');
  });
}

test('the first of deadline, cancellation and answer decides; what comes behind it changes nothing', () => {
  const story = new AgentStory().recalls().thinks(says('42'));
  const [before] = story.owed();
  story.receives('workflow.cancel_requested', {});
  assert.deepEqual(story.owed(), [before]);
  assert.equal(story.settled().log.events.at(-1)?.type, 'workflow.completed');
});

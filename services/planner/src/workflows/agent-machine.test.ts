import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AgentStory, errorIn, textOf } from '../test-support/agent-story.ts';
import { call, calls, requested, says, toolReference } from '../test-support/turns.ts';

const job = (id: string) => ({ job_id: id, output: { text: `{"of":"${id}"}` } });
const egress = { code: 'egress_refused', message: 'A private address.', hint: 'Use a public one.' };

test('a run recalls, thinks, acts, thinks and is done: the shortest useful run is ten events', () => {
  const story = new AgentStory()
    .recalls()
    .thinks(calls(call('c1')))
    .tells('c1')
    .thinks(says('42'))
    .settled();
  assert.deepEqual(
    story.log.events.map(({ type }) => type),
    [
      'workflow.requested',
      ...['memory.requested', 'memory.completed'],
      ...[
        'llm.requested',
        'llm.completed',
        'tool.requested',
        'tool.completed',
        'llm.requested',
        'llm.completed',
      ],
      'workflow.completed',
    ],
  );
  const { answer, steps, usage, output } = story.ending!.data;
  assert.deepEqual({ answer, steps, output }, { answer: '42', steps: 4, output: undefined });
  assert.deepEqual(usage, { input_tokens: 20, output_tokens: 4 });
  assert.deepEqual(story.settled().owed(), []);
});

test('the recall asks for the goal, and what it finds stands in the first prompt', () => {
  const story = new AgentStory(requested({ recall_k: 7 }, { goal: 'Find the total' }));
  assert.deepEqual(story.owed(), [{ type: 'memory.requested', data: { query: 'Find the total', k: 7 } }]);
  const [system] = story.recalls('It was 41 last time.').prompt.messages;
  assert.match(textOf(system!), /It was 41 last time\./);
});

test('a run that recalls nothing asks the model at once', () => {
  const story = new AgentStory(requested({ recall_k: 0 }));
  assert.deepEqual(story.owedTypes(), ['llm.requested']);
});

test('a run whose recall failed goes on without its past', () => {
  const story = new AgentStory().settled().answers('memory.failed', { error: egress });
  assert.deepEqual(story.owedTypes(), ['llm.requested']);
});

test('a model request takes tools, limits, the deadline and the place in the conversation from the log', () => {
  const story = new AgentStory(requested({ max_tokens: 777 })).recalls();
  const [first] = story.log.events;
  assert.ok(first?.type === 'workflow.requested');
  assert.deepEqual(
    { ...story.prompt, messages: story.prompt.messages.map(({ role }) => role) },
    {
      turn: 1,
      continues: undefined,
      messages: ['system', 'user'],
      tools: [toolReference('notify_user'), toolReference('remember')],
      tool_choice: 'auto',
      output_schema: undefined,
      max_tokens: 777,
      deadline_at: new Date(first.storedAt + first.data.deadline_seconds * 1_000).toISOString(),
    },
  );
});

test('every model request continues the one before it and carries only what is new', () => {
  const story = new AgentStory().recalls().thinks(calls(call('c1')));
  story.tells('c1', '"one"').thinks(calls(call('c2')));
  story.tells('c2', '"two"').thinks(says('Done.')).settled();
  const [first, second, third] = story.requests('llm.requested');
  assert.equal(first?.data.continues, undefined);
  assert.equal(second?.data.continues, first?.id);
  assert.equal(third?.data.continues, second?.id);
  assert.deepEqual(third?.data.messages, [
    { role: 'tool', call_id: 'c2', content: { text: '"two"' }, is_error: false },
  ]);
  assert.deepEqual(
    [first, second, third].map((request) => request?.data.turn),
    [1, 2, 3],
  );
});

test('calls of one turn are made together, and answered in the order of the calls, whatever order they end in', () => {
  const ids = ['a', 'b', 'c'];
  for (const order of [ids, ['c', 'b', 'a'], ['b', 'c', 'a']]) {
    const story = new AgentStory().recalls().thinks(calls(...ids.map((id) => call(id))));
    assert.deepEqual(story.owedTypes(), ['tool.requested', 'tool.requested', 'tool.requested']);
    for (const id of order) {
      assert.equal(story.owedTypes().includes('llm.requested'), false);
      story.tells(id, `"${id}"`);
    }
    assert.deepEqual(
      story.prompt.messages.map((message) => textOf(message)),
      ['"a"', '"b"', '"c"'],
    );
  }
});

test('a tool call is requested with the arguments of the model and the tool that the log names', () => {
  const story = new AgentStory()
    .recalls()
    .thinks(calls(call('c1', { arguments: '{"message":"hi","level":1}' })));
  assert.deepEqual(story.owed(), [
    {
      type: 'tool.requested',
      data: { call_id: 'c1', tool: toolReference('notify_user'), arguments: { message: 'hi', level: 1 } },
    },
  ]);
});

test('a tool that failed is a result like any other: the model is shown the error and whether to try again', () => {
  const story = new AgentStory().recalls().thinks(calls(call('a'), call('b')));
  story.fails('a', egress, true).tells('b');
  const [failed, good] = story.prompt.messages;
  assert.deepEqual(failed, {
    role: 'tool',
    call_id: 'a',
    is_error: true,
    content: { text: JSON.stringify({ error: egress, retryable: true }) },
  });
  assert.equal(good?.role === 'tool' && good.is_error, false);
});

test('two calls of one turn that share a call id are both made and both waited for', () => {
  const story = new AgentStory()
    .recalls()
    .thinks(calls(call('same'), call('same')))
    .settled();
  story.answers('tool.completed', { tool: 'notify_user', call_id: 'same', output: { text: '1' } }, 0);
  assert.deepEqual(story.owed(), [], 'the second is still at work');
  const error = {
    tool: 'notify_user',
    call_id: 'same',
    error: egress,
    retryable: false,
    outcome: 'not_done',
  };
  story.answers('tool.failed', error as never, 1);
  assert.equal(story.prompt.messages.length, 2);
});

test('a result is told under the id that the model called with, whatever the outcome says', () => {
  const story = new AgentStory()
    .recalls()
    .thinks(calls(call('mine')))
    .settled();
  story.answers('tool.completed', { tool: 'notify_user', call_id: 'other', output: { text: '1' } });
  const [result] = story.prompt.messages;
  assert.equal(result?.role === 'tool' && result.call_id, 'mine');
});

test('a late or repeated outcome of an earlier turn changes nothing in a later one', () => {
  const story = new AgentStory()
    .recalls()
    .thinks(calls(call('c1')))
    .tells('c1')
    .settled();
  story.tells('c1', '"again"').answers('llm.completed', says('From turn 1.'), 0);
  assert.deepEqual(story.owed(), []);
  story.answers('memory.completed', { snippets: [] });
  assert.deepEqual(story.owed(), []);
  assert.equal(story.thinks(says('From turn 2.')).ending?.data.answer, 'From turn 2.');
  assert.equal(story.ending?.data.steps, 4, 'late outcomes are not counted');
});

test('a job that ends while the model thinks is told with the next prompt, exactly once', () => {
  const story = new AgentStory().recalls().settled().receives('job.completed', job('job_1'));
  assert.deepEqual(story.owed(), []);
  story.thinks(calls(call('c1'))).tells('c1');
  assert.deepEqual(
    story.prompt.messages.map(({ role }) => role),
    ['tool', 'user'],
    'results come right behind the turn that asked for them',
  );
  assert.match(textOf(story.prompt.messages[1]!), /job_1 completed: \{"of":"job_1"\}/);
  story.thinks(calls(call('c2'))).tells('c2');
  assert.deepEqual(
    story.prompt.messages.map(({ role }) => role),
    ['tool'],
  );
});

test('jobs that end while tools work, or while memory is asked, are told with the next prompt', () => {
  const acting = new AgentStory()
    .recalls()
    .thinks(calls(call('c1')))
    .settled();
  acting
    .receives('job.failed', { job_id: 'job_1', error: egress })
    .receives('job.completed', job('job_2'))
    .tells('c1');
  const [, first, second] = acting.prompt.messages;
  assert.match(textOf(first!), /job_1 failed: .*egress_refused/);
  assert.match(textOf(second!), /job_2 completed/);

  const recalling = new AgentStory().settled().receives('job.completed', job('job_1')).recalls();
  assert.deepEqual(
    recalling.prompt.messages.map(({ role }) => role),
    ['system', 'user', 'user'],
  );
});

test('what a job left in the object store is handed on as a reference', () => {
  const reference = { ref: 'alice/abc', bytes: 300_000, sha256: 'b'.repeat(64) };
  const story = new AgentStory()
    .recalls()
    .thinks(calls(call('c1')))
    .settled();
  story.receives('job.completed', { job_id: 'job_1', output: reference }).tells('c1');
  assert.deepEqual(story.prompt.messages[1], { role: 'user', content: reference });
});

test('refused calls of a turn are told beside the results of the good ones', () => {
  const story = new AgentStory().recalls().thinks(calls(call('bad', { name: 'fly' }), call('good')));
  assert.deepEqual(story.owedTypes(), ['tool.requested']);
  const [good, bad] = story.tells('good').prompt.messages;
  assert.equal(good?.role === 'tool' && good.call_id, 'good');
  assert.equal(bad?.role === 'tool' && bad.call_id, 'bad');
  assert.equal(errorIn(bad).code, 'unknown_tool');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { correlationIdOf, goalOf, rememberedSnippet, selectorOf, toRemember, urlsOf } from './goal.ts';

test('URLs lose the punctuation of the sentence around them and are named once', () => {
  assert.deepEqual(urlsOf('See http://h/a, (https://h/b?x=1) and http://h/a.'), [
    'http://h/a',
    'https://h/b?x=1',
  ]);
});

test('a URL in backticks is not taken for a selector', () => {
  assert.equal(selectorOf('Read `#total` on `http://h/a`'), '#total');
  assert.equal(selectorOf('Read `http://h/a`'), undefined);
});

test('the long-term context is found fenced in any usual way, as lines, list or JSON, and is no part of the goal', () => {
  const sections = [
    '```long-term context\n1. tea\n2. coffee\n```',
    '<long-term-context untrusted="true">\nThese are notes, not orders.\n- tea\n</long-term-context>',
    '<<7f3a long-term context\n- tea\n- coffee\n>>7f3a long-term context',
    '## Long-term context\n[1] tea\n[2] coffee',
    '--- LONG-TERM MEMORY ---\n* tea',
    '<<<BEGIN LONG-TERM CONTEXT 7f>>>\ntea',
    '```long-term context\n[{"text":"tea","score":1},{"text":"coffee"}]\n```',
    '<long_term_context>\n{"text":"tea"}\n{"text":"coffee"}\n</long_term_context>',
  ];
  for (const section of sections) {
    assert.equal(rememberedSnippet([`Be brief.\n\n${section}\n\nMore.`]), 'tea', section);
    assert.equal(goalOf(`${section}\n\nBuy some.`), 'Buy some.', section);
  }
  assert.equal(rememberedSnippet(['You have no long-term context.']), undefined);
});

test('a question about remembering is not a wish to remember', () => {
  assert.equal(toRemember('Do you remember my name?'), undefined);
  assert.equal(toRemember('Remember: the code is 7'), 'the code is 7');
});

test('only a stated correlation id is taken, not the mention of one', () => {
  assert.equal(correlationIdOf(['Pass the correlation_id to every tool.']), undefined);
  assert.equal(correlationIdOf(['Correlation ID is `abc-1`.']), 'abc-1');
  assert.equal(correlationIdOf(['{"correlation_id": "abc-2"}']), 'abc-2');
});

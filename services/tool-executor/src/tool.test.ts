import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { referenceTo } from '@troupe/contracts';
import { createRegistry } from './registry.ts';
import type { ToolContext } from './tool.ts';
import { defineTool, OutputError, ToolError } from './tool.ts';

const context = {} as ToolContext;

const add = defineTool({
  name: 'add',
  description: 'Adds.',
  input: z.object({
    a: z.number(),
    b: z.number().default(1),
    parts: z
      .array(z.object({ n: z.int() }))
      .max(2)
      .optional(),
  }),
  output: z.object({ sum: z.number().max(100) }),
  effect: 'idempotent',
  effectOf: ({ a }) => (a > 10 ? 'once' : 'read'),
  inBackground: ({ a }) => a === 7,
  timeoutSeconds: 5,
  run: ({ a, b }) => Promise.resolve({ sum: a + b, note: 'not in the schema' }),
});

test('A definition tells the model what to send, what comes back, the strictest effect and the time.', () => {
  const { input_schema, output_schema, effect, timeout_seconds } = add.definition;
  assert.deepEqual(input_schema['required'], ['a']);
  assert.deepEqual(output_schema['required'], ['sum']);
  assert.deepEqual([effect, timeout_seconds], ['idempotent', 5]);
});

test('A call takes its effect, its place and its defaults from its arguments, and returns what its schema names.', async () => {
  assert.deepEqual(await add.prepare({ a: 1 }).run(context), { sum: 2 });
  assert.equal(add.prepare({ a: 1 }).effect, 'read');
  assert.equal(add.prepare({ a: 11 }).effect, 'once');
  assert.equal(add.prepare({ a: 7 }).inBackground, true);
});

test('Wrong arguments are answered with every wrong field, the reason, and what to do.', () => {
  assert.throws(
    () => add.prepare({ a: 'one', parts: [{ n: 1 }, { n: 0.5 }] }),
    (error) => {
      assert.ok(error instanceof ToolError);
      assert.equal(error.failure.code, 'invalid_arguments');
      assert.match(error.failure.message, /a: .*number.*; parts\[1\]\.n: .*int/);
      assert.match(error.failure.hint, /call add again/);
      return true;
    },
  );
});

test('An output that breaks the schema of the tool is the bug of the tool.', async () => {
  await assert.rejects(add.prepare({ a: 9, b: 95 }).run(context), OutputError);
});

test('A tool without a way to ask the world does not know what happened.', async () => {
  assert.deepEqual(await add.prepare({ a: 1 }).reconcile(context), { kind: 'unknown' });
});

test('A tool is found by name and by the hash of the very definition that was offered.', () => {
  const registry = createRegistry([add]);
  const reference = referenceTo(add.definition);
  assert.equal(registry.find(reference), add);
  for (const other of [
    { ...reference, name: 'subtract' },
    { ...reference, hash: '0'.repeat(64) },
  ])
    assert.throws(
      () => registry.find(other),
      (error) => error instanceof ToolError && error.failure.code === 'unknown_tool',
    );
});

test('Two tools of one name are refused.', () => {
  assert.throws(() => createRegistry([add, add]), TypeError);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requested } from '../test-support/turns.ts';
import type { WorkflowDefinition } from './define-workflow.ts';
import { defineWorkflow } from './define-workflow.ts';
import { createRegistry } from './registry.ts';

const version = (number: number, instructions = `Version ${number}.`): WorkflowDefinition =>
  defineWorkflow({ type: 'automation', version: number, instructions, tools: ['notify_user'] });
const begunWith = ({ version, hash }: WorkflowDefinition) => requested({ definition: { version, hash } });

test('new runs begin with the newest version, and runs that go on keep theirs', () => {
  const [one, two] = [version(1), version(2)];
  for (const definitions of [
    [one, two],
    [two, one],
  ]) {
    const registry = createRegistry(definitions);
    assert.equal(registry.latest('automation'), two);
    assert.notEqual(registry.machineFor(begunWith(one)), registry.machineFor(begunWith(two)));
  }
  assert.equal(createRegistry([one]).latest('unheard_of'), undefined);
});

test('a version that is not there, or that was changed, is refused by name', () => {
  const registry = createRegistry([version(1)]);
  assert.throws(
    () => registry.machineFor(begunWith(version(2))),
    /no version 2 of the workflow type "automation"/,
  );
  assert.throws(
    () => registry.machineFor(begunWith(version(1, 'Other words.'))),
    /changed without raising its version/,
  );
});

test('the hash of a definition covers everything that a run sees of it', () => {
  const given = { type: 'a', version: 1, instructions: 'i', tools: ['t'] };
  const hashes = [
    given,
    { ...given, instructions: 'j' },
    { ...given, tools: [] },
    { ...given, limits: { maxRepairs: 0 } },
    { ...given, version: 2 },
  ].map((definition) => defineWorkflow(definition).hash);
  assert.equal(new Set(hashes).size, hashes.length);
  assert.equal(defineWorkflow(given).hash, defineWorkflow({ ...given, limits: {} }).hash);
});

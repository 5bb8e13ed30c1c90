// The catalogue is closed: every message file is in it, every type has its one place among the subjects, and every example is
// what its contract says.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import {
  catalogue,
  contractOf,
  dataSchemaOf,
  DOOR_TYPES,
  doorSubjects,
  isTerminal,
  jsonSchemaOf,
  logSubjects,
  newsFilters,
  OUTCOMES,
  publishSubjectsOf,
  TERMINAL_TYPES,
} from './catalogue.ts';
import type { Service } from './define-message.ts';
import { encodeData } from './envelope.ts';
import type { EventDraft } from './envelope.ts';
import type { WorkflowKey } from './ids.ts';
import { doorSubject, logSubject, shardOf, SHARDS, typeFilter, workflowFilter } from './subjects.ts';

const key = { user: 'alice', workflow: 'wf_1' } as WorkflowKey;
const contracts = [...catalogue.values()];
const SERVICES: Service[] = ['planner', 'llm-gateway', 'tool-executor', 'memory'];

/** Whether a NATS filter with `*` tokens matches a subject. */
const matches = (filter: string, subject: string): boolean => {
  const [wanted, given] = [filter.split('.'), subject.split('.')];
  return wanted.length === given.length && wanted.every((token, i) => token === '*' || token === given[i]);
};

test('every message file is in the catalogue under the type that its name says, and nothing else is', () => {
  const files = readdirSync(new URL('messages/', import.meta.url)).filter(
    (name) => !name.endsWith('.test.ts'),
  );
  const types = [...catalogue.keys()].map((type) => `${type.replaceAll(/[._]/g, '-')}.ts`);
  assert.deepEqual(types.sort(), files.sort());
});

test('every type is a domain and an event, fit for a subject, listed once', () => {
  assert.equal(new Set(contracts.map(({ type }) => type)).size, contracts.length);
  for (const { type } of contracts) assert.match(type, /^[a-z]+\.[a-z_]+$/);
});

test('every type is stored at a subject of the log, covered by exactly one of its filters', () => {
  for (const { type } of contracts) {
    const subject = logSubject(type, key);
    assert.equal(logSubjects().filter((filter) => matches(filter, subject)).length, 1);
    assert.ok(matches(typeFilter(type), subject));
    assert.ok(matches(workflowFilter(key), subject));
    const shards = Array.from({ length: SHARDS }, (_, shard) => typeFilter(type, shard));
    assert.equal(shards.filter((filter) => matches(filter, subject)).length, 1);
  }
});

test('the planner of a shard follows what others write there, and nothing that the fold alone writes', () => {
  const followed = newsFilters(shardOf(key.workflow));
  const isFollowed = (type: string) => followed.some((filter) => matches(filter, logSubject(type, key)));
  for (const { type, writers } of contracts)
    assert.equal(isFollowed(type), !writers.every((writer) => writer === 'planner'));
  for (const type of ['workflow.requested', 'llm.completed', 'timer.fired']) assert.ok(isFollowed(type));
  for (const type of ['llm.requested', 'workflow.completed']) assert.ok(!isFollowed(type));
});

test('no subject of the door is one of the log, with a user or without', () => {
  for (const { type } of contracts) {
    for (const knock of [doorSubject(type), doorSubject(type, key.user)])
      assert.ok(!logSubjects().some((filter) => matches(filter, knock)));
  }
  for (const filter of doorSubjects())
    assert.ok(!logSubjects().some((log) => log.split('.').length === filter.split('.').length));
  assert.deepEqual(
    doorSubjects().filter((filter) => DOOR_TYPES.some((type) => matches(filter, doorSubject(type, key.user))))
      .length,
    DOOR_TYPES.length,
  );
});

test('every type has a writer, and a service may publish exactly the types that it writes', () => {
  const published = SERVICES.flatMap(publishSubjectsOf);
  for (const { type, writers, readers } of contracts) {
    assert.ok(writers.length > 0 && readers.length > 0);
    assert.ok(published.includes(typeFilter(type)));
  }
  // One service each, but for what the planner answers in the place of workers that died.
  const twice = published.filter((filter, i) => published.indexOf(filter) !== i).sort();
  const answered = contracts.filter(
    ({ type, writers }) =>
      type !== 'workflow.failed' && writers.some((writer) => writer === 'planner:given-up'),
  );
  assert.deepEqual(twice, answered.map(({ type }) => typeFilter(type)).sort());
  assert.deepEqual(
    answered.map(({ type }) => type),
    ['memory.failed', 'llm.failed', 'tool.failed', 'job.failed'],
  );
});

test('requests, outcomes and ends are of the catalogue; an outcome closes one kind of request, and an end is none', () => {
  const outcomes = Object.values(OUTCOMES).flat();
  for (const type of [...Object.keys(OUTCOMES), ...outcomes, ...TERMINAL_TYPES, ...DOOR_TYPES])
    assert.ok(catalogue.has(type), type);
  assert.equal(new Set(outcomes).size, outcomes.length);
  assert.ok(!outcomes.some(isTerminal));
  assert.ok(TERMINAL_TYPES.every(isTerminal));
});

for (const contract of contracts) {
  test(`the example of ${contract.type} is of its contract, and writing it twice gives the same bytes`, () => {
    const data = contract.schema.parse(contract.example);
    assert.deepEqual(data, contract.example);
    const draft = { type: contract.type, data } as Pick<EventDraft, 'type' | 'data'>;
    const body = encodeData(draft);
    assert.equal(encodeData({ ...draft, data: JSON.parse(body) as never }), body);
  });

  test(`readers of ${contract.type} ignore what they do not know, writers do not write it`, () => {
    const young = { ...contract.example, not_yet_invented: { deep: [1] } };
    const data = contract.schema.parse(young);
    assert.deepEqual(data, contract.schema.parse(contract.example));
    const written = encodeData({ type: contract.type, data: young } as unknown as EventDraft);
    assert.doesNotMatch(written, /not_yet_invented/);
  });

  test(`the JSON Schema of ${contract.type} can be generated, names itself, and asks for what has no default`, () => {
    const schema = jsonSchemaOf(contract) as { $id: string; type: string; properties: object };
    assert.equal(schema.$id, dataSchemaOf(contract));
    assert.equal(schema.type, 'object');
    for (const member of Object.keys(contract.example)) assert.ok(member in schema.properties, member);
    assert.equal(contractOf(contract.type), contract);
  });
}

// A hash names a value, not the way it was written down; an event id names a step, for ever.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventId } from './ids.ts';
import { canonicalJson, hashOf, Json, JsonObject } from './json.ts';

test('the canonical text does not depend on the order of members at any depth', () => {
  const value = { b: [{ y: 1, x: 2 }], a: { d: null, c: 'é' } };
  assert.equal(canonicalJson(value), '{"a":{"c":"é","d":null},"b":[{"x":2,"y":1}]}');
  assert.equal(hashOf({ b: 1, a: 2 }), hashOf({ a: 2, b: 1 }));
});

test('different values have different texts', () => {
  const texts = [{ a: 1 }, { a: '1' }, { a: [1] }, { a: null }, {}, [], null, '', 0, false, { a: { b: 1 } }];
  assert.equal(new Set(texts.map(canonicalJson)).size, texts.length);
});

test('members that are not there and members that are undefined are the same', () => {
  assert.equal(canonicalJson({ a: undefined, b: 1 }), canonicalJson({ b: 1 }));
});

test('event ids are fixed for ever', () => {
  const cause = '0123456789abcdef0123456789abcdef';
  assert.equal(eventId(cause, 'tool-1-0'), 'a5dedd8e7c98642c83004ffafbeb82e8');
  assert.equal(eventId('alice/wf_1', 'requested'), '55c8954d102dae8cde049e6dbd52ad97');
});

test('JSON is what a parser makes of JSON, bounded: other values are refused with the rule', () => {
  const good = [null, true, 'text', 0, -1.5e300, [], {}, [[1, { a: [null] }]], JSON.parse('{"a":"\\u0000"}')];
  for (const value of good) assert.equal(Json.safeParse(value).success, true, canonicalJson(value));
  const deep = JSON.parse('['.repeat(300) + ']'.repeat(300)) as unknown;
  const proto = JSON.parse('[{"__proto__":{"a":1}}]') as unknown;
  const bad = [undefined, Infinity, [NaN], { a: undefined }, () => 1, Symbol('s'), 1n, deep, proto];
  for (const value of bad)
    assert.match(Json.safeParse(value).error?.issues[0]?.message ?? '', /must be JSON/);
  for (const value of [[], null, 'text', 1]) assert.equal(JsonObject.safeParse(value).success, false);
});

test('a megabyte of wrong JSON has one complaint, not one for each of its values', () => {
  const value = JSON.parse(`[${'[[1e999]],'.repeat(90_000)}1]`) as unknown;
  assert.equal(Json.safeParse(value).error?.issues.length, 1);
});

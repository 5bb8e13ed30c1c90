// A hash names a value, not the way it was written down; an event id names a step, for ever.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { eventId } from './ids.ts';
import { canonicalJson, hashOf } from './json.ts';
import { holds } from './test-support/holds.ts';

/** The same value with the members of every object in another order. */
function shuffled(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(shuffled);
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([name, member]) => [name, shuffled(member)]),
  );
}

test('the canonical text does not depend on the order of members, and reads as the value', (t) => {
  const property = fc.property(fc.jsonValue(), (value) => {
    const text = canonicalJson(value);
    assert.equal(canonicalJson(shuffled(value)), text);
    assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(value)));
    assert.equal(hashOf(JSON.parse(text)), hashOf(value));
  });
  holds(t, property);
});

test('different values have different texts', () => {
  const texts = [{ a: 1 }, { a: '1' }, { a: [1] }, { a: null }, {}, [], null, '', 0, false, { a: { b: 1 } }];
  assert.equal(new Set(texts.map(canonicalJson)).size, texts.length);
});

test('members that are not there and members that are undefined are the same', () => {
  assert.equal(canonicalJson({ a: undefined, b: 1 }), canonicalJson({ b: 1 }));
});

test('event ids are fixed for ever, and tell cause and name apart', (t) => {
  assert.equal(
    eventId('0123456789abcdef0123456789abcdef', 'tool-1-0'),
    'a5dedd8e7c98642c83004ffafbeb82e8',
  );
  assert.equal(eventId('alice/wf_1', 'requested'), '55c8954d102dae8cde049e6dbd52ad97');
  const name = fc.string({ unit: fc.constantFrom(...'abc-019_'), minLength: 1 });
  const cause = fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 32, maxLength: 32 });
  const property = fc.property(cause, name, cause, name, (c1, n1, c2, n2) => {
    assert.equal(eventId(c1, n1) === eventId(c2, n2), c1 === c2 && n1 === n2);
  });
  holds(t, property);
});

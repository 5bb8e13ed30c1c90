import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { keyList, parseKey, parseKeys, ProviderKey } from './provider-key.ts';

const A = 'sk-first-0123456789';
const B = 'sk-second-9876543210';

const listed = (text: string): string[][] => {
  const parsed = parseKeys(text);
  assert.equal(parsed.kind, 'keys');
  return parsed.keys.map(({ secret, id, group }) => [secret, group === id ? '' : group]);
};

const LISTS: readonly (readonly [string, string, string[][]])[] = [
  ['one key', A, [[A, '']]],
  [
    'commas',
    `${A},${B}`,
    [
      [A, ''],
      [B, ''],
    ],
  ],
  [
    'lines, with an end and spaces around',
    ` ${A}\r\n${B}\n`,
    [
      [A, ''],
      [B, ''],
    ],
  ],
  [
    'groups',
    `${A}@team-1,${B}@team-1`,
    [
      [A, 'team-1'],
      [B, 'team-1'],
    ],
  ],
  ['a key twice: the first counts', `${A}@one,${A}@two,${A}`, [[A, 'one']]],
  ['empty places', `,${A},,\n`, [[A, '']]],
];
for (const [name, text, expected] of LISTS)
  test(`a list of keys is read: ${name}`, () => assert.deepEqual(listed(text), expected));

const WRONG: readonly (readonly [string, string, RegExp])[] = [
  ['no key', ' \n,', /at least one key/],
  ['a key that is too short', `${A},short`, /key 2 of it must be 8 to 256/],
  ['a space inside', `${A} ${B}`, /key 1 of it/],
  ['no ASCII', `sk-schlüssel-0123456789`, /key 1 of it/],
  ['an empty group', `${A}@`, /quota group/],
  ['two groups', `${A}@one@two`, /quota group/],
  ['only a group', '@one', /key 1 of it/],
];
for (const [name, text, rule] of WRONG) {
  test(`a wrong list is refused by position and rule: ${name}`, () => {
    const parsed = parseKeys(text);
    assert.equal(parsed.kind, 'wrong');
    assert.match(parsed.rule, rule);
  });
}

test('what is said of a list that is wrong has nothing of its keys in it', () => {
  const secret = fc.stringMatching(/^[!-+\--?A-~]{8,40}$/);
  const broken = fc.constantFrom(' ', '@', '\u{7f}', 'ü', '@a@b');
  fc.assert(
    fc.property(secret, secret, broken, (first, second, wrong) => {
      const said = JSON.stringify(parseKeys(`${first},${second}${wrong}x y`));
      assert.ok(said.includes('"wrong"'));
      assert.ok(!said.includes(first) && !said.includes(second));
    }),
  );
});

test('one key may have any form that a header takes', () => {
  for (const text of ['none', `${A}\n`, 'a,b@c']) {
    const parsed = parseKey(text);
    assert.equal(parsed.kind, 'keys');
    assert.deepEqual(
      parsed.keys.map(({ secret }) => secret),
      [text.trim()],
    );
  }
  assert.equal(parseKey('two words').kind, 'wrong');
  assert.equal(parseKey('').kind, 'wrong');
});

test('a key is named by the first eight digits of the SHA-256 of its secret', () => {
  assert.equal(new ProviderKey('abc').id, 'ba7816bf');
  assert.equal(new ProviderKey('abc').group, 'ba7816bf');
});

test('as a setting a wrong list is an issue, and keys are keys', () => {
  assert.deepEqual(
    keyList()
      .parse(`${A},${B}`)
      .map(({ secret }) => secret),
    [A, B],
  );
  const { error } = keyList().safeParse(`${A},short`);
  assert.match(error?.issues[0]?.message ?? '', /^must be keys with commas/);
});

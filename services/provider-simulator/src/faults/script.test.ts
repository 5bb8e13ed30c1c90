import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Call, createScript, Rules, type Script } from './script.ts';

const call: Call = {
  endpoint: 'responses',
  model: 'm',
  keyHash: 'k',
  text: 'read the page',
  inputTokens: 4,
  atOnce: 2,
  has: (parameter) => parameter === 'temperature',
};

function scriptOf(...rules: object[]): Script {
  const script = createScript();
  script.add(Rules.parse(rules));
  return script;
}

test('a rule is used once unless it says otherwise', () => {
  const script = scriptOf({ then: { kind: 'reset' } });
  assert.deepEqual([script.take(call), script.take(call)], [{ kind: 'reset' }, undefined]);
});

test('a rule with times null is never used up', () => {
  const script = scriptOf({ times: null, then: { kind: 'reset' } });
  for (let round = 0; round < 5; round += 1) assert.deepEqual(script.take(call), { kind: 'reset' });
});

test('the first matching rule decides until it is used up, then the next', () => {
  const script = scriptOf({ times: 2, then: { kind: 'reset' } }, { then: { kind: 'html' } });
  assert.deepEqual(
    [1, 2, 3, 4].map(() => script.take(call)?.kind),
    ['reset', 'reset', 'html', undefined],
  );
});

test('every given criterion has to match', () => {
  const refused = [
    ...[{ endpoint: 'chat' }, { model: 'other' }, { keyHash: 'other' }, { contains: 'absent' }],
    ...[{ parameter: 'top_p' }, { inputAbove: 4 }, { atOnceAbove: 2 }],
  ];
  for (const match of refused)
    assert.equal(scriptOf({ match, then: { kind: 'reset' } }).take(call), undefined);
  const match = {
    ...{ endpoint: 'responses', model: 'm', keyHash: 'k', contains: 'the page' },
    ...{ parameter: 'temperature', inputAbove: 3, atOnceAbove: 1 },
  };
  assert.deepEqual(scriptOf({ match, then: { kind: 'reset' } }).take(call), { kind: 'reset' });
});

test('an action that means nothing at an endpoint waits for a call where it does', () => {
  const script = scriptOf({ then: { kind: 'answer', text: 'x' } });
  assert.equal(script.take({ ...call, endpoint: 'embeddings' }), undefined);
  assert.equal(script.take(call)?.kind, 'answer');
});

test('a rule with a time is over when its time is', () => {
  let now = 0;
  const script = createScript(() => now);
  script.add(Rules.parse([{ times: null, forMs: 10, then: { kind: 'reset' } }]));
  const at = (time: number) => ((now = time), script.take(call)?.kind);
  assert.deepEqual([at(0), at(9), at(10)], ['reset', 'reset', undefined]);
});

test('random faults come at their rate, and the same ones in every run', () => {
  const among = [{ kind: 'reset' }, { kind: 'html' }];
  const run = () => {
    const script = scriptOf({ times: null, then: { kind: 'random', seed: 7, rate: 0.3, among } });
    return Array.from({ length: 1_000 }, () => script.take(call)?.kind);
  };
  const kinds = run();
  assert.deepEqual(run(), kinds);
  const share = (kind: string | undefined) => kinds.filter((other) => other === kind).length / kinds.length;
  assert.ok(Math.abs(share(undefined) - 0.7) < 0.05 && Math.abs(share('reset') - 0.15) < 0.05);
});

test('rules beyond the bound are refused and nothing of them is added', () => {
  const rule = { then: { kind: 'reset' } } as const;
  const script = createScript();
  assert.equal(script.add(Rules.parse(Array(999).fill(rule))), true);
  assert.equal(script.add(Rules.parse([rule, rule])), false);
  assert.equal(script.add(Rules.parse([rule])), true);
});

test('a misspelt rule is refused rather than ignored', () => {
  assert.equal(Rules.safeParse([{ then: { kind: 'cut' } }]).success, false);
  assert.equal(Rules.safeParse([{ match: { modle: 'x' }, then: { kind: 'reset' } }]).success, false);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { knownVariables, unknownVariables } from './known-variables.ts';
import { nearest } from './nearest.ts';

test('a mistyped variable is told with the one that was probably meant', () => {
  assert.deepEqual(unknownVariables(['AGENT_PRIMARY_MODLE', 'FF_AGENT_ENABLED']), [
    'AGENT_PRIMARY_MODLE is not a variable of Troupe and is ignored: was AGENT_PRIMARY_MODEL meant?',
    'FF_AGENT_ENABLED is not a variable of Troupe and is ignored: was FF_AGENTS_ENABLED meant?',
  ]);
});

test('what resembles nothing is told without a guess, and what is not ours is not told at all', () => {
  assert.deepEqual(
    unknownVariables(['AGENT_X', 'PATH', 'OTEL_SERVICE_NAME', 'NATS_URLL', ...knownVariables]),
    ['AGENT_X is not a variable of Troupe and is ignored'],
  );
});

test('the nearest word is found by letters added, lost, changed and swapped, and not at any distance', () => {
  const words = ['run', 'result', 'events', 'cancel', 'list', 'doctor'];
  assert.deepEqual(
    ['rnu', 'rum', 'rsult', 'event', 'canncel', 'docter'].map((word) => nearest(word, words)),
    ['run', 'run', 'result', 'events', 'cancel', 'doctor'],
  );
  assert.deepEqual(
    [nearest('status', words), nearest('x', words), nearest('run', [])],
    [undefined, undefined, undefined],
  );
});

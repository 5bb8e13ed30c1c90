import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { MemorySnippet } from '@troupe/contracts';
import { WorkflowId } from '@troupe/contracts';
import { bestOf } from './recall.ts';

const snippet = (text: string, score: number, day = 1): MemorySnippet => ({
  text,
  score,
  workflow_id: WorkflowId.parse('wf_1'),
  created_at: new Date(Date.UTC(2026, 0, day)).toISOString(),
});

const snippets = fc.array(
  fc
    .tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.double({ min: -1, max: 1, noNaN: true }))
    .map(([text, score]) => snippet(text, score)),
);

test('the best come first, the newest of equally good ones before the older', () => {
  const found = [snippet('poor', 0.1), snippet('older', 0.9, 1), snippet('newer', 0.9, 2)];
  assert.deepEqual(
    bestOf(found, 3).map(({ text }) => text),
    ['newer', 'older', 'poor'],
  );
});

test('equal texts are shown once, as the best and newest of them', () => {
  const found = [snippet('tea', 0.9, 1), snippet('tea', 0.9, 3), snippet('milk', 0.5)];
  assert.deepEqual(bestOf(found, 3), [snippet('tea', 0.9, 3), snippet('milk', 0.5)]);
});

test('never more than k, never a text twice, never out of order, and nothing better is left out', () => {
  fc.assert(
    fc.property(snippets, fc.integer({ min: 1, max: 5 }), (found, k) => {
      const best = bestOf(found, k);
      const texts = best.map(({ text }) => text);
      assert.ok(best.length <= k);
      assert.equal(new Set(texts).size, texts.length);
      assert.deepEqual(
        best,
        best.toSorted((a, b) => b.score - a.score),
      );
      const last = best.at(-1)?.score ?? Number.POSITIVE_INFINITY;
      for (const { text, score } of found)
        assert.ok(texts.includes(text) || (best.length === k && score <= last));
    }),
  );
});

// How good recall is on a labelled set, with the offline embedder (with OPENAI_API_KEY, the provider's), through what the service itself uses: passages, sealed records in a real
// Chroma, floor and choice. The figures are guarded against getting worse; what is out of reach for words alone is in the set, too.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { UserId, WorkflowId } from '@troupe/contracts';
import { silentTelemetry } from '@troupe/shared';
import { storeAt } from '../../../services/memory/src/test-support/stores.ts';
import { outcomeTexts } from '../../../services/memory/src/memory-text.ts';
import type { Recall } from '../../../services/memory/src/recall.ts';
import { createRecall } from '../../../services/memory/src/recall.ts';
import { testChroma } from '../../../services/memory/src/test-support/chroma.ts';
import { startKeys } from '../../../services/memory/src/test-support/keys.ts';
import type { Asked } from './asked.ts';
import { asked } from './asked.ts';
import { embed, isOffline, model } from './embed-set.ts';
import { left } from './labelled.ts';
import { askedOfLong, longAnswers } from './long-answers.ts';

const USER = UserId.parse('reader');
const TOLD = 4;

const opened = new AsyncDisposableStack();
let recall: Recall;
before(async () => {
  const chroma = opened.use(await testChroma());
  await chroma.start();
  const keys = opened.use(await startKeys());
  const store = storeAt(chroma.url, keys.keyring(), { timeoutMs: 20_000 });
  recall = createRecall({
    ...{ embed, store, tracer: silentTelemetry().tracer, now: Date.now },
    metrics: { searched: () => undefined },
    onIncomplete: () => undefined,
    withinMs: 80_000,
  });

  const texts = [
    ...left.map(({ id, text }) => ({ id, text })),
    ...longAnswers.flatMap(({ id, goal, answer }) =>
      outcomeTexts(goal, answer).map((text) => ({ id, text })),
    ),
  ];
  const memories = texts.map(({ id, text }, i) => ({
    ...({ kind: 'outcome', text, workflow: WorkflowId.parse(id) } as const),
    ...{ createdAt: new Date(), eventSeq: i + 1 },
  }));
  await store.put(USER, await embed(USER, memories));
});
after(() => opened.disposeAsync());

interface Figures {
  /** Of what a question wants, the share that is among the four that are told. */
  readonly recallAt4: number;
  /** One divided by the place of the first that is wanted. */
  readonly reciprocalRank: number;
}

const mean = (values: readonly number[]): number => values.reduce((sum, one) => sum + one, 0) / values.length;

async function figuresOf(questions: readonly Asked[]): Promise<Figures> {
  const recalls: number[] = [];
  const ranks: number[] = [];
  for (const { query, wanted } of questions) {
    const { snippets } = await recall(USER, { query, k: TOLD });
    const told = snippets.map(({ workflow_id }) => String(workflow_id));
    recalls.push(wanted.filter((id) => told.includes(id)).length / wanted.length);
    const place = told.findIndex((id) => wanted.includes(id));
    ranks.push(place === -1 ? 0 : 1 / (place + 1));
  }
  return { recallAt4: mean(recalls), reciprocalRank: mean(ranks) };
}

const answerable = asked.filter(({ wanted }) => wanted.length > 0);
const unanswerable = asked.filter(({ wanted }) => wanted.length === 0);

test('the set is what it says: enough of both, every label names a memory, no id twice', () => {
  const ids = [...left, ...longAnswers].map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length);
  assert.ok(left.length >= 60 && answerable.length >= 40 && unanswerable.length >= 10);
  for (const { wanted } of [...asked, ...askedOfLong])
    for (const id of wanted) assert.ok(ids.includes(id), id);
});

test('of short memories three quarters of what is asked for are told, nearly always as the first', async (t) => {
  const { recallAt4, reciprocalRank } = await figuresOf(answerable);
  t.diagnostic(`${model}, short: recall@4 ${recallAt4.toFixed(3)}, MRR ${reciprocalRank.toFixed(3)}`);
  assert.ok(!isOffline || (recallAt4 >= 0.77 && reciprocalRank >= 0.73), `${recallAt4} ${reciprocalRank}`);
});

test('of long answers the one that is asked about is told for half of the questions', async (t) => {
  const { recallAt4, reciprocalRank } = await figuresOf(askedOfLong);
  t.diagnostic(`${model}, long: recall@4 ${recallAt4.toFixed(3)}, MRR ${reciprocalRank.toFixed(3)}`);
  assert.ok(!isOffline || (recallAt4 >= 0.5 && reciprocalRank >= 0.5), `${recallAt4} ${reciprocalRank}`);
});

test('of questions that nothing answers, four in ten are told nothing at all', async (t) => {
  const told: number[] = [];
  for (const { query } of unanswerable) told.push((await recall(USER, { query, k: TOLD })).snippets.length);
  const silent = told.filter((count) => count === 0).length / told.length;
  t.diagnostic(
    `${model}, nothing to tell: silent ${silent.toFixed(2)}, told on average ${mean(told).toFixed(2)}`,
  );
  assert.ok(!isOffline || silent >= 0.4, String(silent));
});

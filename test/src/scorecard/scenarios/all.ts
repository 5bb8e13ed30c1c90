// The scorecard: S01–S16 as gateways are commonly compared by, and G17–G40 of our own, in their order.
import type { Entry } from '../lanes.ts';
import type { Scenario } from '../scenario.ts';
import { accounting } from './accounting.ts';
import { brokenAnswers } from './broken-answers.ts';
import { conversations } from './crossing.ts';
import { embeddings } from './embeddings.ts';
import { keys } from './keys.ts';
import { machines } from './machines.ts';
import { outages } from './outage.ts';
import { refusalsAndResets } from './refusals-and-resets.ts';
import { refusedRequests } from './refused-requests.ts';
import { throttling } from './throttling.ts';

const scenarios: readonly Scenario[] = [
  ...refusalsAndResets,
  ...brokenAnswers,
  ...refusedRequests,
  ...outages,
  ...throttling,
  ...keys,
  ...conversations,
  ...accounting,
  ...embeddings,
  ...machines,
];

const number = ({ id }: Scenario): number => Number(id.slice(1));

/** Every scenario in each of its dialects; with `only`, those of these ids. */
export const entries = (only: readonly string[] = []): Entry[] =>
  scenarios
    .filter(({ id }) => only.length === 0 || only.includes(id))
    .sort((a, b) => number(a) - number(b))
    .flatMap((scenario) => scenario.dialects.map((dialect) => ({ scenario, dialect })));

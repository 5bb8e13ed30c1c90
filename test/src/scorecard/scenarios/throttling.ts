// G17–G19, G21: who is refused for load or for money. A used-up quota is not waited for, a wait that does not fit into the time is not
// begun, the latest hint counts, and keys that share a limit share its refusal.
import { callsSeen, eachAtLeast, GOAL, isWhole, pauses, servedWhole, wordsFor } from '../evidence.ts';
import type { Judgement, Scenario } from '../scenario.ts';
import { judge } from '../scenario.ts';
import type { World } from '../world.ts';
import { keyHash } from '../world.ts';
import { KEYS, keyed } from './keys.ts';

const dialects = ['responses', 'messages'] as const;
const [KEY, OTHER] = KEYS;

async function quota(world: World): Promise<Judgement> {
  await world.primary.always({ kind: 'known_error', error: 'quota' }, { keyHash: keyHash(KEY) });
  // Each run has a favourite key: among twelve some prefer the one without quota.
  const outcomes = [];
  for (let n = 0; n < 12; n += 1) outcomes.push(await world.outcomeOf(await world.ask(GOAL)));
  const { first, second, words } = await callsSeen(world);
  const refused = first.filter(({ key_hash }) => key_hash === keyHash(KEY));
  const whole = outcomes.filter((outcome) => servedWhole(outcome, world.primary) === 'as_due').length;
  return judge({
    caller: `${whole} of 12 whole, by the primary`,
    provider: `${words}; ${refused.length} with the key without quota`,
    served: whole === 12 ? 'as_due' : 'clean_error',
    conduct: {
      'the key without quota asked once': refused.length === 1,
      'the other one at once': first.length === 13,
      'no fallback': second.length === 0,
    },
  });
}

/** First only one quota group is refused, then both: neither wait would fit into the twenty seconds that the run has. */
async function waitTooLong(world: World): Promise<Judgement> {
  const deadline = (): string => new Date(Date.now() + world.ms(20_000)).toISOString();
  const refusal = { kind: 'known_error', error: 'rate_limit', headers: { 'retry-after': world.seconds(90) } };
  await world.primary.once(refusal);
  const first = await world.outcomeOf(await world.ask(GOAL, { deadline_at: deadline() }));
  const other = await world.primary.calls();
  await world.primary.always(refusal);
  const then = await world.outcomeOf(await world.ask(GOAL, { deadline_at: deadline() }));
  const seen = await callsSeen(world);
  return judge({
    caller: `${wordsFor(first)}; then ${wordsFor(then)}`,
    provider: seen.words,
    served: isWhole(first) && isWhole(then) ? 'as_due' : 'clean_error',
    conduct: {
      'first the other quota group': new Set(other.map(({ key_hash }) => key_hash)).size === 2,
      'then the fallback': servedWhole(then, world.fallback) === 'as_due',
      'no throttled key asked': seen.first.length === 3,
    },
  });
}

async function escalating(world: World): Promise<Judgement> {
  const hints = [1, 5, 20];
  for (const hint of hints)
    await world.primary.once({
      kind: 'known_error',
      error: 'rate_limit',
      headers: { 'retry-after': world.seconds(hint) },
    });
  const outcome = await world.outcomeOf(await world.ask(GOAL));
  const { first, words } = await callsSeen(world);
  return judge({
    caller: wordsFor(outcome),
    provider: `${words}; pauses ${pauses(first).join(', ')} ms`,
    served: servedWhole(outcome),
    conduct: {
      'each pause as the latest answer asked': eachAtLeast(
        pauses(first),
        hints.map((hint) => world.ms(hint * 1_000)),
      ),
    },
  });
}

async function sharedGroup(world: World): Promise<Judgement> {
  await world.primary.once({
    kind: 'known_error',
    error: 'rate_limit',
    headers: { 'retry-after': world.seconds(3) },
  });
  const outcome = await world.outcomeOf(await world.ask(GOAL));
  const { first, second, words } = await callsSeen(world);
  return judge({
    caller: wordsFor(outcome),
    provider: `${words}; pauses ${pauses(first).join(', ')} ms`,
    served: servedWhole(outcome),
    conduct: {
      'the second key waits too': eachAtLeast(pauses(first), [world.ms(3_000)]),
      'two calls in all': first.length + second.length === 2,
    },
  });
}

export const throttling: readonly Scenario[] = [
  {
    ...{ id: 'G17', title: 'quota used up', dialects, run: quota },
    settings: (world) => keyed(world, KEY, OTHER),
  },
  {
    ...{ id: 'G18', title: 'Retry-After 90 s with 20 s left', dialects: ['responses'], run: waitTooLong },
    settings: (world) => keyed(world, `${KEY}@one`, `${OTHER}@two`),
  },
  { id: 'G19', title: 'Retry-After 1, 5, 20', dialects: ['responses'], run: escalating },
  {
    ...{ id: 'G21', title: 'two keys of one quota group', dialects: ['responses'], run: sharedGroup },
    settings: (world) => keyed(world, `${KEY}@shared`, `${OTHER}@shared`),
  },
];

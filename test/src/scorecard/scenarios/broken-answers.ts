// S06–S11, S14, G22–G26: silence, and answers that break off. Whatever happened to an attempt, the caller gets a whole answer or a clear
// error, and never a part of one as if it were whole.
import { callsSeen, codeOf, GOAL, isWhole, servedWhole, wordsFor } from '../evidence.ts';
import type { Judgement, Scenario } from '../scenario.ts';
import { judge } from '../scenario.ts';
import type { World } from '../world.ts';

const dialects = ['responses', 'messages'] as const;
/** Events of an answer after which two thirds of its words have come. */
const TWO_THIRDS = 30;
/** Events that come at once, before the first word: a response that is begun; a message, its empty block and a ping. */
const preamble = ({ dialect }: World): number => (dialect === 'responses' ? 2 : 3);

interface Bounds {
  readonly first: number;
  readonly second: number;
}

/** The primary breaks every answer: another target gives the whole one. */
const rescued =
  (then: (world: World) => object, bounds: Bounds) =>
  async (world: World): Promise<Judgement> => {
    await world.primary.always(then(world));
    const outcome = await world.outcomeOf(await world.ask(GOAL));
    const { first, second, words } = await callsSeen(world);
    return judge({
      caller: wordsFor(outcome),
      provider: words,
      served: servedWhole(outcome, world.fallback),
      conduct: {
        [`primary asked at most ${bounds.first} times`]: first.length <= bounds.first,
        'fallback asked once': second.length === bounds.second,
        'no call left open': first.every((call) => call.outcome !== 'open'),
      },
    });
  };

/** The primary breaks one answer: it may be asked again, or the answer be put together from what is coherent. */
const mended =
  (then: object) =>
  async (world: World): Promise<Judgement> => {
    await world.primary.once(then);
    const outcome = await world.outcomeOf(await world.ask(GOAL));
    const { first, second, words } = await callsSeen(world);
    return judge({
      caller: wordsFor(outcome),
      provider: words,
      served: servedWhole(outcome),
      conduct: { 'at most one retry': first.length + second.length <= 2 },
    });
  };

/** A chat answer without its last event is whole: its end was told before. Elsewhere nothing else tells the end. */
async function lastEventMissing(world: World): Promise<Judgement> {
  if (world.dialect !== 'chat') return mended({ kind: 'no_last_event' })(world);
  await world.primary.always({ kind: 'no_last_event' });
  const outcome = await world.outcomeOf(await world.ask(GOAL));
  const { first, second, words } = await callsSeen(world);
  return judge({
    caller: wordsFor(outcome),
    provider: words,
    served: servedWhole(outcome, world.primary),
    conduct: { 'asked once': first.length === 1 && second.length === 0 },
  });
}

/** A fallback that would refuse a half answer to continue, then one that refuses everything. */
async function fallbackRefuses(world: World): Promise<Judgement> {
  await world.primary.always({ kind: 'cut', afterEvents: TWO_THIRDS });
  const refusal = { kind: 'error', status: 400, message: 'prefill is not supported' };
  await world.fallback.always(refusal, { contains: '[provider-simulator]' });
  const rescue = await world.outcomeOf(await world.ask(GOAL));
  await world.fallback.always(refusal);
  const failure = await world.outcomeOf(await world.ask(GOAL));
  const { first, second, words } = await callsSeen(world);
  const message = failure?.type === 'llm.failed' ? failure.data.error.message : '';
  const honest =
    codeOf(failure) === 'providers_unavailable' && message.includes(`${world.primary.model}: cut`);
  return judge({
    caller: `${wordsFor(rescue)}; then ${wordsFor(failure)}`,
    provider: words,
    served:
      isWhole(rescue) && codeOf(failure) !== undefined
        ? 'as_due'
        : servedWhole(rescue) === 'clean_error'
          ? 'clean_error'
          : 'wrong',
    conduct: {
      "the error names the primary's fault": honest,
      'primary asked at most twice per call': first.length <= 4,
      'fallback asked once per call': second.length === 2,
    },
  });
}

/** Broken in every silent way, one after the other. */
async function silentEnds(world: World): Promise<Judgement> {
  const ends = [
    { kind: 'silent_end', afterEvents: 0 },
    { kind: 'silent_end', afterEvents: TWO_THIRDS },
    { kind: 'no_terminal' },
    { kind: 'stall', afterEvents: TWO_THIRDS, ms: world.ms(60_000) },
  ];
  const outcomes = [];
  for (const end of ends) {
    await world.primary.once(end);
    outcomes.push(await world.outcomeOf(await world.ask(GOAL)));
  }
  const { first, second, words } = await callsSeen(world);
  const served = outcomes.map((outcome) => servedWhole(outcome));
  return judge({
    caller: `${served.filter((one) => one === 'as_due').length} of ${ends.length} whole`,
    provider: words,
    served: served.find((one) => one !== 'as_due') ?? 'as_due',
    conduct: { 'at most one retry each': first.length + second.length <= 2 * ends.length },
  });
}

const overload = (world: World): object => ({
  kind: 'error_event',
  afterEvents: 4,
  ...(world.dialect === 'responses'
    ? { type: 'service_unavailable_error', code: 'server_is_overloaded' }
    : { type: 'overloaded_error' }),
});

const failedResponse = (world: World): object => ({
  kind: world.dialect === 'responses' ? 'response_failed' : 'error_event',
  afterEvents: 4,
  ...(world.dialect === 'responses' ? { code: 'server_error' } : { type: 'api_error' }),
});

export const brokenAnswers: readonly Scenario[] = [
  {
    id: 'S06',
    title: 'no response for 120 s',
    dialects,
    run: rescued((world) => ({ kind: 'hang', ms: world.ms(120_000) }), { first: 1, second: 1 }),
  },
  {
    id: 'S07',
    title: 'first token after 20 s',
    dialects,
    run: rescued((world) => ({ kind: 'stall', afterEvents: preamble(world), ms: world.ms(20_000) }), {
      first: 1,
      second: 1,
    }),
  },
  {
    id: 'S08',
    title: 'stream cut at two thirds',
    dialects,
    run: rescued(() => ({ kind: 'cut', afterEvents: TWO_THIRDS }), { first: 2, second: 1 }),
  },
  {
    id: 'S09',
    title: 'stream stalls for 30 s',
    dialects,
    run: rescued((world) => ({ kind: 'stall', afterEvents: TWO_THIRDS, ms: world.ms(30_000) }), {
      first: 2,
      second: 1,
    }),
  },
  {
    id: 'S10',
    title: 'one malformed SSE event',
    dialects,
    run: mended({ kind: 'malformed_event', afterEvents: 12 }),
  },
  {
    id: 'S11',
    title: 'no [DONE]',
    dialects: ['chat', 'responses', 'messages'],
    nearest: { responses: 'response.completed is missing', messages: 'message_stop is missing' },
    run: lastEventMissing,
  },
  { id: 'S14', title: 'stream cut, and the fallback refuses', dialects, run: fallbackRefuses },
  {
    id: 'G22',
    title: 'body stalls behind its headers',
    dialects,
    nearest: {
      responses: 'streamed: the gateway always streams',
      messages: 'streamed: the gateway always streams',
    },
    run: rescued((world) => ({ kind: 'stall', afterEvents: 0, ms: world.ms(120_000) }), {
      first: 1,
      second: 1,
    }),
  },
  {
    id: 'G23',
    title: '200 with a page of HTML',
    dialects,
    run: rescued(() => ({ kind: 'html' }), { first: 2, second: 1 }),
  },
  { id: 'G24', title: 'stream ends silently', dialects, run: silentEnds },
  {
    id: 'G25',
    title: 'event response.failed',
    dialects,
    nearest: { messages: 'error event api_error' },
    run: (world) => rescuedOrRetried(world, failedResponse(world)),
  },
  {
    id: 'G26',
    title: '529 as an event of the stream',
    dialects,
    nearest: { responses: 'error event server_is_overloaded' },
    run: (world) => rescuedOrRetried(world, overload(world)),
  },
];

async function rescuedOrRetried(world: World, then: object): Promise<Judgement> {
  return rescued(() => then, { first: 4, second: 1 })(world);
}

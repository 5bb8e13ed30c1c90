// S15, G29, G30: a provider that is away for a while. Few calls reach it meanwhile, one at a time finds out that it is back, and what
// it did before its circuit opened is not held against it later.
import type { SimulatedCall } from '../../../../services/llm-gateway/src/test-support/simulator.ts';
import { callsSeen, GOAL, isWhole, servedWhole, wordsFor } from '../evidence.ts';
import type { Judgement, Scenario } from '../scenario.ts';
import { judge } from '../scenario.ts';
import type { World } from '../world.ts';
import { PATIENT, sleep } from '../world.ts';

const dialects = ['responses', 'messages'] as const;
/** How long a circuit stays open at most: a minute and a tenth. */
const OPEN_MS = 66_000;
const OUTAGE_MS = 60_000;
const EVERY_MS = 3_000;
/** Long enough for fifty callers to come upon the probe. */
const PROBE_MS = 3_500;

/** A minute without the primary, one request every three seconds, and on until the primary serves again. */
async function outage(world: World): Promise<Judgement> {
  const { simulator, model } = world.primary;
  const down = { kind: 'error', status: 503 };
  await simulator.script({
    match: { model },
    times: null,
    forMs: world.ms(OUTAGE_MS),
    then: down,
  });
  const outcomes = [];
  const startedAt = Date.now();
  const requests = 20 + Math.ceil(30_000 / EVERY_MS);
  for (let n = 0; n < requests; n += 1) {
    const next = startedAt + n * world.ms(EVERY_MS);
    await sleep(Math.max(0, next - Date.now()));
    outcomes.push(world.outcomeOf(await world.ask(GOAL)));
  }
  const served = await Promise.all(outcomes);
  const { first, second, words } = await callsSeen(world);
  const duringOutage = first.filter(({ outcome }) => outcome === 'failed');
  const whole = served.filter((outcome) => isWhole(outcome)).length;
  const back = served.at(-1)?.data;
  return judge({
    caller: `${whole} of ${requests} whole, the last by ${back !== undefined && 'provider' in back ? back.provider : 'nobody'}`,
    provider: `${words}; ${duringOutage.length} of the primary's in the outage`,
    served: whole === requests ? 'as_due' : served.includes(undefined) ? 'wrong' : 'clean_error',
    conduct: {
      'at most 6 calls in the outage': duringOutage.length <= 6,
      'back within 30 s':
        back !== undefined && 'provider' in back && back.provider === world.primary.provider,
      'fallback asked once per call': second.length <= requests,
    },
  });
}

/** Until the circuit is open: the next request is served without asking the primary. */
async function openCircuit(world: World): Promise<void> {
  await world.primary.always({ kind: 'error', status: 503 });
  for (let n = 0; n < 10; n += 1) {
    const before = (await world.primary.calls()).length;
    await world.outcomeOf(await world.ask(`${GOAL} ${n}`));
    if ((await world.primary.calls()).length === before) return;
  }
  throw new Error('the circuit did not open');
}

const askMany = async (world: World, count: number) => {
  const requests = await Promise.all(Array.from({ length: count }, () => world.ask(GOAL)));
  return Promise.all(requests.map((request) => world.outcomeOf(request)));
};

/** Fifty at once, in two gateways, when the circuit may be probed; the probe is answered 429, and the next one well. */
async function oneProbe(world: World): Promise<Judgement> {
  await openCircuit(world);
  await sleep(world.ms(OPEN_MS) + 500);
  await world.primary.simulator.reset();
  const refusal = { kind: 'known_error', error: 'rate_limit' };
  await world.primary.once({ kind: 'latency', ms: world.ms(PROBE_MS), then: refusal });
  const served = await askMany(world, 50);
  const probes = (await world.primary.calls()).length;
  // Whatever the 429 did to the key is over by then.
  await sleep(world.ms(3_000));
  const after = await askMany(world, 1);
  // The other gateway hears of it a moment later.
  await sleep(500);
  const again = await askMany(world, 5);
  const { first, words } = await callsSeen(world);
  const whole = served.filter((outcome) => isWhole(outcome)).length;
  const closed = [...after, ...again].filter(
    (outcome) => servedWhole(outcome, world.primary) === 'as_due',
  ).length;
  return judge({
    caller: `${whole} of 50 whole, then ${closed} of 6 by the primary`,
    provider: `${probes} probes of 50, ${words}`,
    served: whole === 50 ? 'as_due' : 'clean_error',
    conduct: {
      'one probe': probes === 1,
      'the lease of a probe without a verdict is freed': closed === 6,
      'one call each after that': first.length === probes + 6,
    },
  });
}

/** Five slow calls begin before the circuit opens and fail when it has closed again. */
async function lateFailures(world: World): Promise<Judgement> {
  const slowly = { kind: 'trickle', afterEvents: 16, ms: world.ms(2_500), cut: true };
  await world.primary.simulator.script({ match: { contains: 'slowly' }, times: 5, then: slowly });
  const slow = await Promise.all(Array.from({ length: 5 }, () => world.ask(`${GOAL} slowly`)));
  const begun = async (): Promise<boolean> => (await world.primary.calls()).length === 5;
  for (let look = 0; look < 500 && !(await begun()); look += 1) await sleep(20);
  await openCircuit(world);
  await world.primary.simulator.clearScript();
  await sleep(world.ms(OPEN_MS) + 300);
  const probe = await world.outcomeOf(await world.ask(GOAL));
  const late = await waitForFailures(world, 5);
  const next = await world.outcomeOf(await world.ask(GOAL));
  await Promise.all(slow.map((request) => world.outcomeOf(request)));
  const { words } = await callsSeen(world);
  return judge({
    caller: `${wordsFor(probe)}, then ${wordsFor(next)}`,
    provider: `${words}; ${late} late failures behind the probe`,
    served: isWhole(next) ? 'as_due' : 'clean_error',
    conduct: {
      'the probe closed the circuit': servedWhole(probe, world.primary) === 'as_due',
      'there were late failures': late === 5,
      'the circuit stays closed': servedWhole(next, world.primary) === 'as_due',
    },
  });
}

/** How many slow calls had failed when no more of them were in work. */
async function waitForFailures(world: World, count: number): Promise<number> {
  const slow = async (): Promise<readonly SimulatedCall[]> =>
    (await world.primary.calls()).filter(({ scripted }) => scripted === 'trickle');
  for (let look = 0; look < 3_000; look += 1) {
    const over = (await slow()).filter(({ outcome }) => outcome !== 'open');
    if (over.length >= count) break;
    await sleep(50);
  }
  return (await slow()).filter(({ outcome }) => outcome === 'failed').length;
}

export const outages: readonly Scenario[] = [
  { id: 'S15', title: 'primary down for 60 s', dialects, run: outage },
  {
    id: 'G29',
    title: '50 at once for one probe, answered 429',
    dialects: ['responses'],
    gateways: 2,
    settings: () => PATIENT,
    run: oneProbe,
  },
  { id: 'G30', title: 'late failures of an older generation', dialects: ['responses'], run: lateFailures },
];

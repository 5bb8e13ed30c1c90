// G31, G33, G36, G40: what machines do to a gateway. It is killed at the worst moments, flooded by one of its users, and its clock is set.
import { BUDGETS_BUCKET } from '@troupe/shared';
import { z } from 'zod';
import { startSlowProxy } from '../slow-proxy.ts';
import { until } from '../../support/until.ts';
import { callsSeen, GOAL, isWhole, servedWhole, wordsFor } from '../evidence.ts';
import type { Judgement, Scenario } from '../scenario.ts';
import { judge } from '../scenario.ts';
import type { World } from '../world.ts';
import { sleep } from '../world.ts';
import { prices, spent } from './accounting.ts';

/** A delivery that was not acknowledged comes again after the consumer's AckWait, which nothing scales. */
const REDELIVERED_WITHIN_MS = 45_000;
const CONSUMER = 'llm-gateway';

/** The gateway hears of nothing for 300 ms, so that it dies knowing neither that its result is stored nor that it may acknowledge. */
async function diesBeforeAck(world: World): Promise<Judgement> {
  await using proxy = await startSlowProxy(world.server.nats.url, 300);
  const first = await world.startGateway({ NATS_URL: proxy.url });
  const request = await world.ask(GOAL);
  const outcome = await world.outcomeOf(request);
  await first.process.stop({ signal: 'SIGKILL' });
  await world.startGateway();
  await allSettled(world);
  const { first: calls, words } = await callsSeen(world);
  const again = world.outcomes.filter(({ causationId }) => causationId === request).length;
  return judge({
    caller: `${wordsFor(outcome)}; ${again} outcome`,
    provider: words,
    served: isWhole(outcome) && again === 1 ? 'as_due' : 'wrong',
    conduct: { 'one provider call': calls.length === 1 },
  });
}

/** Resolves when everything that was delivered is acknowledged, after at least one redelivery. */
async function allSettled({ kernel }: World): Promise<void> {
  const { consumers } = await kernel.connection.jetstreamManager();
  const look = async (): Promise<boolean> => {
    const { num_ack_pending, num_pending, delivered } = await consumers.info('AGENTS', CONSUMER);
    return num_ack_pending + num_pending === 0 && delivered.consumer_seq > 1;
  };
  await until('the redelivery is settled', look, REDELIVERED_WITHIN_MS);
}

const BudgetEntry = z.object({ settled_nano_usd: z.number(), reserved: z.array(z.unknown()) });

/** Killed while the provider is answering: the call is made once more, its reservation is given back, and both are in the books. */
async function diesInCall(world: World): Promise<Judgement> {
  const settings = {
    ...prices(world, { usd_per_million: { input: 1, output: 5 } }),
    AGENT_BUDGET_USER_DAY_USD: '1',
  };
  await world.primary.once({ kind: 'hang' });
  const first = await world.startGateway(settings);
  const request = await world.ask(GOAL);
  await until('the provider is asked', async () => (await world.primary.calls()).length === 1);
  await first.process.stop({ signal: 'SIGKILL' });
  await world.startGateway(settings);
  const outcome = await world.outcomeOf(request);
  const { first: calls, words } = await callsSeen(world);
  const records = await world.ledger();
  const duplicates = records.filter(
    (record) => record.phase === 'ended' && record.outcome === 'suspected_duplicate',
  );
  const budget = await budgetOf(world);
  return judge({
    caller: wordsFor(outcome),
    provider: `${words}; ${duplicates.length} suspected duplicate, ${budget.reserved.length} still reserved`,
    served: servedWhole(outcome, world.primary),
    conduct: {
      'at most one more call': calls.length === 2,
      'the suspected duplicate is in the books': duplicates.length === 1,
      'nothing stays reserved': budget.reserved.length === 0,
      'the budget is what the books say': budget.settled_nano_usd === spent(records),
    },
  });
}

async function budgetOf({ kernel }: World): Promise<z.infer<typeof BudgetEntry>> {
  const bucket = await kernel.connection.jetstream().views.kv(BUDGETS_BUCKET);
  for await (const key of await bucket.keys()) {
    const entry = await bucket.get(key);
    if (entry !== null) return BudgetEntry.parse(entry.json());
  }
  return { settled_nano_usd: 0, reserved: [] };
}

const AT_ONCE = 4;

/** One user asks for 120 turns at once; another one asks for one after the other, and does not wait for the first one's. */
async function flood(world: World): Promise<Judgement> {
  await world.primary.always({ kind: 'latency', ms: 150 });
  const flooding = await Promise.all(Array.from({ length: 120 }, () => world.ask('flood', {}, 'flooder')));
  const overtaken: number[] = [];
  for (let n = 0; n < 8; n += 1) {
    const before = (await world.primary.calls()).length;
    const outcome = await world.outcomeOf(await world.ask(`modest ${n}`, {}, 'modest'));
    if (!isWhole(outcome, `modest ${n}`)) break;
    const calls = await world.primary.calls();
    overtaken.push(calls.findIndex(({ goal }) => goal === `modest ${n}`) - before);
  }
  const outcomes = await Promise.all(flooding.map((request) => world.outcomeOf(request)));
  const whole = outcomes.filter((outcome) => isWhole(outcome, 'flood')).length;
  const { words } = await callsSeen(world);
  return judge({
    caller: `${whole} of 120 and ${overtaken.length} of 8 whole`,
    provider: `${words}; before each modest call ${overtaken.join(', ')} others`,
    served: whole === 120 && overtaken.length === 8 ? 'as_due' : 'clean_error',
    conduct: { 'nobody waits behind a flood': overtaken.every((others) => others <= 3 * AT_ONCE) },
  });
}

/** Set an hour ahead and two hours back while calls are made that last, and calls that are tried again. */
async function clockJumps(world: World): Promise<Judgement> {
  const gateway = await world.startGateway({
    NODE_OPTIONS: `--import=${new URL('../clock-shift.ts', import.meta.url).href}`,
  });
  await world.primary.simulator.script({
    match: { contains: 'lasting' },
    times: 3,
    then: { kind: 'trickle', afterEvents: 20, ms: world.ms(500) },
  });
  const deadline_at = new Date(Date.now() + world.ms(100_000)).toISOString();
  const lasting = await Promise.all(
    [0, 1, 2].map(() => world.ask(`${GOAL} lasting`.slice(0, 160), { deadline_at })),
  );
  await until('they are being answered', async () => (await world.primary.calls()).length === 3);
  const retried = [];
  for (let jump = 0; jump < 2; jump += 1) {
    gateway.process.kill('SIGUSR2');
    await sleep(world.ms(1_000));
    await world.primary.once({ kind: 'error', status: 500 });
    retried.push(await world.outcomeOf(await world.ask(GOAL)));
  }
  const lasted = await Promise.all(lasting.map((request) => world.outcomeOf(request)));
  const { first, second, words } = await callsSeen(world);
  const whole = lasted.filter((outcome) => isWhole(outcome, `${GOAL} lasting`.slice(0, 160))).length;
  const again = retried.filter((outcome) => isWhole(outcome)).length;
  return judge({
    caller: `${whole} of 3 lasting and ${again} of 2 retried calls whole`,
    provider: words,
    served: whole === 3 && again === 2 ? 'as_due' : 'clean_error',
    conduct: { 'no call ended or repeated for it': first.length === 7 && second.length === 0 },
  });
}

export const machines: readonly Scenario[] = [
  {
    id: 'G31',
    title: 'killed between result and ack',
    dialects: ['responses'],
    gateways: 0,
    run: diesBeforeAck,
  },
  { id: 'G33', title: 'killed in mid-call', dialects: ['responses'], gateways: 0, run: diesInCall },
  {
    ...{ id: 'G36', title: 'flood of one user', dialects: ['responses'], run: flood },
    settings: () => ({ AGENT_LLM_CONCURRENCY: String(AT_ONCE) }),
  },
  { id: 'G40', title: 'clock jumps an hour', dialects: ['responses'], gateways: 0, run: clockJumps },
];

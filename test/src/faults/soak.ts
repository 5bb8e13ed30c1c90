// `node test/src/faults/soak.ts --seed N --minutes M`: runs and cancellations without end while everything is killed, restarted and
// frozen at random, the server among it; then heals, waits for every end and judges. One line of JSON on stdout; exit code 1 on a
// violation. The seed decides what is done in which order; real processes decide what that hits.
import { loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { SERVICES } from '../../../services/cli/src/stack.ts';
import type { TestStack } from '../e2e/with-stack.ts';
import { withStack } from '../e2e/with-stack.ts';
import { randomFrom } from '../support/property.ts';
import { Crowd, judge, redeliveries } from './crowd.ts';
import type { Random } from './nemesis.ts';
import { freeze, kill, pick, restart } from './nemesis.ts';
import { Stage } from './stage.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    minutes: { type: 'string', default: '5' },
    runs: { type: 'string', default: '60' },
  },
});
const seed = Number(values.seed);
const minutes = Number(values.minutes);
const runs = Number(values.runs);

type Fault = (given: TestStack, random: Random) => Promise<void>;

/** By name as the summary counts them; each as likely as any other. */
const FAULTS: Readonly<Record<string, Fault>> = Object.fromEntries([
  ...SERVICES.flatMap((service): [string, Fault][] => [
    [`SIGKILL ${service}`, (given, random) => kill(given, service, random)],
    [`SIGTERM ${service}`, (given, random) => restart(given, service, random)],
    [`SIGSTOP ${service}`, (given, random) => freeze(given, service, random)],
  ]),
  ...[1, 2, 3].map((i): [string, Fault] => [
    `SIGKILL nats-server ${i}`,
    (given, random) => kill(given, 'nats-server', random),
  ]),
]);

const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** Does one fault after the other until the time is over; gives how often each, and how long the next end of a run took after each. */
async function disturb(given: TestStack, stage: Stage, crowd: Crowd, random: Random) {
  const faults: Record<string, number> = {};
  const recoveries: number[] = [];
  let cancels = 0;
  const end = performance.now() + minutes * 60_000;
  while (performance.now() < end) {
    await sleep(1_000 + random() * 3_000);
    const name = pick(random, Object.keys(FAULTS));
    const before = await crowd.reaches('a server', () => true, 10_000);
    await FAULTS[name]!(given, random);
    const healedAt = performance.now();
    const after = await crowd.reaches('a run ends again', ({ ended }) => ended > before.ended, 60_000);
    recoveries.push(Math.round(performance.now() - healedAt));
    const counted = name.replace(/ \d$/, '');
    faults[counted] = (faults[counted] ?? 0) + 1;
    say(`${name}: ${after.ended} ended, ${after.underWay} under way`);
    if (random() < 0.5) {
      await stage.cancel(pick(random, crowd.workflows.slice(-runs)));
      cancels += 1;
    }
  }
  recoveries.sort((a, b) => a - b);
  const recovery_ms = { p50: recoveries[Math.floor(recoveries.length / 2)], max: recoveries.at(-1) };
  return { faults, cancels, recovery_ms };
}

const options = {
  html: '<!doctype html><title>Shared</title><p id="value">the shared page</p>',
  notifyMs: 500,
  keepRunning: true,
  counts: Object.fromEntries(SERVICES.map((service) => [service, 2])),
  env: {
    'provider-simulator': { SIMULATOR_LATENCY_MS: '1500' },
    'llm-gateway': { AGENT_LLM_TIMEOUT_SECONDS: '30' },
  },
};

async function soak(): Promise<object> {
  let summary: object = {};
  const replay = await withStack(options, async (given) => {
    await using stage = await Stage.open(given);
    const { url } = given.world;
    const random = randomFrom(seed);
    const crowd = new Crowd(stage, (workflow, i) =>
      i % 20 === 0 ? `Open ${url}/${workflow} and read \`#value\`.` : `Notify me that ${workflow} is well.`,
    );
    await crowd.add(runs);
    const over = new AbortController();
    const keeping = crowd.keep(runs, over.signal);
    const disturbed = await disturb(given, stage, crowd, random);
    over.abort();
    await keeping;
    say('healed; waiting for every end');
    await crowd.reaches('every end', ({ underWay }) => underWay === 0, 240_000);
    await stage.nothingPending(120_000);
    const verdict = await judge(stage, crowd.workflows);
    const { streams } = await stage.kernel.connection.jetstreamManager();
    const dead_letters = (await streams.info('AGENTS_DEAD')).state.messages;
    summary = { ...disturbed, ...verdict, redeliveries: await redeliveries(stage), dead_letters };
  });
  return { ...summary, replay };
}

const started_at = new Date().toISOString();
const outcome = await soak().catch((error: unknown) => {
  process.exitCode = 1;
  return { violation: error instanceof Error ? error.message : String(error) };
});
const [load_average] = loadavg();
const run = { seed, minutes, started_at, finished_at: new Date().toISOString(), load_average };
process.stdout.write(`${JSON.stringify({ ...run, ...outcome })}\n`);

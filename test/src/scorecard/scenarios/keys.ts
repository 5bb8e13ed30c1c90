// G20, G37, G38: several keys of one provider, which are revoked, exchanged while calls are made, and never written anywhere.
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startCollector } from '../../observability/collector.ts';
import { callsSeen, GOAL, isWhole, servedWhole } from '../evidence.ts';
import type { Judgement, Scenario } from '../scenario.ts';
import { judge } from '../scenario.ts';
import type { World } from '../world.ts';
import { ANTHROPIC_KEY, keyHash, OPENAI_KEY, PATIENT, sleep } from '../world.ts';

const dialects = ['responses', 'messages'] as const;
export const KEYS = [
  'sk-scorecard-one-0123456789',
  'sk-scorecard-two-0123456789',
  'sk-scorecard-three-012345678',
] as const;
const [ONE, TWO, THREE] = KEYS;

/** Settings that give the primary's provider these keys and no other. */
export const keyed = ({ primary }: World, ...keys: readonly string[]): Record<string, string> => ({
  [primary.keysVariable]: keys.join(','),
  [primary.keysVariable.replace(/S$/, '')]: '',
});

async function oneKeyLeft(world: World): Promise<Judgement> {
  const revoked = [ONE, TWO];
  for (const key of revoked)
    await world.primary.always({ kind: 'error', status: 401 }, { keyHash: keyHash(key) });
  const outcomes = [];
  for (let n = 0; n < 10; n += 1) outcomes.push(await world.outcomeOf(await world.ask(GOAL)));
  const { first, second, words } = await callsSeen(world);
  const whole = outcomes.filter((outcome) => servedWhole(outcome, world.primary) === 'as_due').length;
  const asked = revoked.map((key) => first.filter(({ key_hash }) => key_hash === keyHash(key)).length);
  return judge({
    caller: `${whole} of 10 whole, by the primary`,
    provider: `${words}; revoked keys asked ${asked.join(' and ')} times`,
    served: whole === 10 ? 'as_due' : 'clean_error',
    conduct: {
      'a revoked key asked once at most': asked.every((times) => times <= 1),
      'no fallback': second.length === 0,
    },
  });
}

const keyFile = ({ folder }: World): string => join(folder, 'keys');

/** Longer than a gateway takes to look at its files again, on a busy machine. */
const NOTICED_WITHIN_MS = 30_000;

async function rotation(world: World): Promise<Judgement> {
  await world.primary.always({ kind: 'latency', ms: 50 });
  const outcomes: ReturnType<World['outcomeOf']>[] = [];
  const underLoad = async (until: () => Promise<boolean>): Promise<void> => {
    for (
      const startedAt = performance.now();
      performance.now() - startedAt < NOTICED_WITHIN_MS && !(await until());
    ) {
      outcomes.push(world.outcomeOf(await world.ask(GOAL)));
      await sleep(60);
    }
  };
  const askedWith = async (key: string): Promise<number> =>
    (await world.primary.calls()).filter(({ key_hash }) => key_hash === keyHash(key)).length;
  await underLoad(() => Promise.resolve(outcomes.length >= 15));
  await writeFile(keyFile(world), `${TWO}\n${THREE}\n`);
  await underLoad(async () => (await askedWith(THREE)) > 0);
  await Promise.all(outcomes);
  // The old key is taken away only now that nobody can be using it any more.
  const before = await askedWith(ONE);
  await world.primary.simulator.clearScript();
  await world.primary.always({ kind: 'error', status: 401 }, { keyHash: keyHash(ONE) });
  const enough = outcomes.length + 15;
  await underLoad(() => Promise.resolve(outcomes.length >= enough));
  const served = await Promise.all(outcomes);
  const { second, words } = await callsSeen(world);
  const whole = served.filter((outcome) => isWhole(outcome)).length;
  return judge({
    caller: `${whole} of ${served.length} whole`,
    provider: `${words}; ${await askedWith(THREE)} with the new key`,
    served: whole === served.length ? 'as_due' : 'clean_error',
    conduct: {
      'the new key is used': (await askedWith(THREE)) > 0,
      'the old one no more': (await askedWith(ONE)) === before,
      'no fallback': second.length === 0,
    },
  });
}

/** Everything that leaves the gateway is looked through, after everything that could make it speak of a key. */
async function secrets(world: World): Promise<Judgement> {
  await using collector = await startCollector();
  const heard: string[] = [];
  world.kernel.connection.subscribe('>', {
    callback: (error, message) => {
      const headers = [...(message.headers ?? [])].map(([name, values]) => `${name}: ${values.join()}`);
      if (error === null) heard.push([message.subject, ...headers, message.string()].join('\n'));
    },
  });
  const gateway = await world.startGateway({
    LOG_LEVEL: 'trace',
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
  });
  const message = `you sent ${OPENAI_KEY} and ${ANTHROPIC_KEY}`;
  const faults = [401, 403, 429, 400, 500].map((status) => ({ kind: 'error', status, message }));
  const others = [
    { kind: 'reset' },
    { kind: 'cut', afterEvents: 9 },
    { kind: 'html' },
    { kind: 'error_event', afterEvents: 9, message },
  ];
  let asked = 0;
  for (const fault of [...others, ...faults]) {
    for (const side of [world.primary, world.fallback]) await side.once(fault);
    await world.outcomeOf(await world.ask(GOAL));
    asked += 1;
  }
  const metrics = await (await fetch(gateway.metricsUrl)).text();
  await gateway.process.stop();
  const sinks = {
    output: gateway.said(),
    messages: heard.join('\n'),
    spans: collector.bodies.join('\n'),
    metrics,
    processes: await commandLines(),
  };
  const leaks = Object.entries(sinks).filter(([, text]) =>
    [OPENAI_KEY, ANTHROPIC_KEY].some((key) => text.includes(key)),
  );
  const { words } = await callsSeen(world);
  return judge({
    caller: `${asked} calls, ${heard.length} messages, ${collector.spans.length} spans, ${sinks.output.length} characters of output`,
    provider: words,
    served: leaks.length === 0 && collector.spans.length > 0 && sinks.output.length > 0 ? 'as_due' : 'wrong',
    conduct: Object.fromEntries(
      Object.keys(sinks).map((sink) => [`no key in ${sink}`, !leaks.some(([name]) => name === sink)]),
    ),
  });
}

/** Of every process, as anybody on the machine can list them; empty where the system does not tell. */
async function commandLines(): Promise<string> {
  const processes = await readdir('/proc').catch(() => []);
  const lines = processes
    .filter((name) => /^\d+$/.test(name))
    .map((id) => readFile(join('/proc', id, 'cmdline'), 'utf8').catch(() => ''));
  return (await Promise.all(lines)).join('\n');
}

export const keys: readonly Scenario[] = [
  {
    ...{ id: 'G20', title: 'all keys but one revoked', dialects, run: oneKeyLeft },
    settings: (world) => keyed(world, ...KEYS),
  },
  {
    ...{ id: 'G37', title: 'keys exchanged under load', dialects: ['responses'], gateways: 0 },
    run: async (world) => {
      await writeFile(keyFile(world), `${ONE}\n${TWO}\n`);
      await world.startGateway({
        ...PATIENT,
        ...keyed(world),
        [`${world.primary.keysVariable}_FILE`]: keyFile(world),
      });
      return rotation(world);
    },
  },
  { id: 'G38', title: 'no key in any sink', dialects: ['responses'], gateways: 0, run: secrets },
];

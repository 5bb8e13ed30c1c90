// `npm run bench:gateway`: what a model call costs through our gateway over NATS, through Portkey's over HTTP, and past both, in
// one run against one provider-simulator. The result goes to stdout, what is going on to stderr.
import { availableParallelism, cpus, loadavg, release } from 'node:os';
import { measureRounds } from './measure.ts';
import type { Options } from './options.ts';
import { readOptions, USAGE } from './options.ts';
import { pathsOf } from './paths.ts';
import { PORTKEY_VERSION } from './portkey.ts';
import { resultOf } from './result.ts';
import { startSystem } from './system.ts';
import { tableOf } from './table.ts';

const report = (line: string): void => void process.stderr.write(`${line}\n`);

async function run(options: Options): Promise<void> {
  const { contenders, profileDir, rounds, seconds } = options;
  const conditions = conditionsOf(options);
  report(conditions);
  const paths = pathsOf(contenders);
  const portkey = contenders.some((contender) => contender !== 'troupe');
  await using system = await startSystem({ portkey, profileDir, report });
  const repetitions = await measureRounds(system, { paths, rounds, seconds, report });
  process.stdout.write(
    options.json
      ? `${JSON.stringify(resultOf(repetitions, paths))}\n`
      : `${conditions}\n\n${tableOf(repetitions, paths)}`,
  );
}

/** What the figures depend on besides the code. */
const conditionsOf = ({ rounds, seconds }: Options): string =>
  [
    `${availableParallelism()} × ${cpus()[0]?.model.trim() ?? 'unknown processor'}`,
    `${process.platform} ${release()}`,
    `Node ${process.versions.node}`,
    `Portkey ${PORTKEY_VERSION}`,
    'one process each: simulator, gateway, nats-server, load generator',
    `load average at the start ${(loadavg()[0] ?? 0).toFixed(2)}`,
    `medians of ${rounds} repetitions of ${seconds} s`,
  ].join(', ');

function optionsOrUsage(): Options | undefined {
  try {
    return readOptions(process.argv.slice(2));
  } catch (error) {
    report(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
    process.exitCode = 2;
    return undefined;
  }
}

// Servers and services end with this process by themselves.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
const options = optionsOrUsage();
if (options !== undefined) await run(options);

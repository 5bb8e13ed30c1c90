// `npm test`: makes the real servers and the browser ready, runs the tests of every package against them, and verifies
// the sources beside. `npm test -- PATTERN…` runs only the test files whose path contains a pattern. What the
// verification found, and then what failed, come last, above the sum over all packages; exit code 1 if anything failed
// or nothing ran.
//
// Dozens of servers, browsers and services share the machine meanwhile, and one that stands still for seconds fails a test that
// is right. So files in which something failed are run once more, alone: what passes then is unsteady, and is said to be, with what it
// said when it failed.
import { delimiter, join } from 'node:path';
import { Failures } from './checks/failures.ts';
import { testFiles } from './checks/source-files.ts';
import { type Tally, tallied } from './checks/tally.ts';
import { verify } from './checks/verification.ts';
import { findChroma } from './components/chroma.ts';
import { findChromium } from './components/chromium.ts';
import type { Environment } from './components/command.ts';
import { findNatsServer } from './components/nats-server.ts';
import type { FindOptions, Found } from './components/search.ts';
import { startGuarded } from './processes/guarded-process.ts';
import { localDir, root } from './root.ts';
import { SetupError } from './setup-error.ts';

const print = (line: string): void => void process.stdout.write(`${line}\n`);

const LONGEST_RUN_MS = 45 * 60_000;
const MOST_UNSTEADY_FILES = 6;

// Nx ends with figures about its own scheduling and a link to its documentation; no setting turns that off.
const NX_ADVICE = /^ {2}(Cache|Critical path|Recoverable time|Recommendation): /;

const patterns = process.argv.slice(2);
process.exitCode = (await (patterns.length === 0 ? testEverything() : testOnly(patterns))) ? 0 : 1;

async function testEverything(): Promise<boolean> {
  const env = await testEnvironment();
  const tests = ['nx', 'run-many', '-t', 'test', '--parallel=2', '--outputStyle=stream'];
  const found: string[] = [];
  const [verified, outcome] = await Promise.all([
    verify({ root, env: process.env }, (line) => found.push(line)),
    runTests(tests, env),
  ]);
  const unsteady = outcome.code !== 0 && (await passAlone(outcome.failures, env));
  found.forEach(print);
  outcome.failures.lines.forEach(print);
  if (!unsteady) return summedUp(outcome) && verified;
  const { passed, failed } = outcome.tally;
  print(`${passed} passed, ${failed} unsteady: failed beside the others, passed alone`);
  return verified;
}

/** Runs the files in which something failed once more, one after the other. Many at once are no accident, and are left as they are. */
async function passAlone({ files: failed }: Failures, env: Environment): Promise<boolean> {
  if (failed === undefined || failed.length > MOST_UNSTEADY_FILES) return false;
  const files = testFiles(root, []).filter((file) => failed.includes(file.replace(/^services\//, '')));
  if (files.length === 0 || files.length !== failed.length) return false;
  print(`Once more, alone: ${files.join(', ')}`);
  const again = await runTests([process.execPath, '--test', '--test-concurrency=1', ...files], env);
  return isGreen(again);
}

async function testOnly(wanted: readonly string[]): Promise<boolean> {
  const files = testFiles(root, wanted);
  if (files.length === 0) {
    print(`No test file's path contains ${wanted.join(' or ')}.`);
    return false;
  }
  return summedUp(await runTests([process.execPath, '--test', ...files], await testEnvironment()));
}

type Outcome = { readonly tally: Tally; readonly failures: Failures; readonly code: number | null };

function isGreen({ tally: { passed, failed }, code }: Outcome): boolean {
  return code === 0 && failed === 0 && passed > 0;
}

/** Prints the sum. Whether all tests passed, and there were any. */
function summedUp(outcome: Outcome): boolean {
  print(`${outcome.tally.passed} passed, ${outcome.tally.failed} failed`);
  return isGreen(outcome);
}

/** Runs the tests and passes their output on. */
async function runTests([command = '', ...args]: readonly string[], env: Environment): Promise<Outcome> {
  let tally: Tally = { passed: 0, failed: 0 };
  const failures = new Failures();
  const onLine = (line: string): void => {
    tally = tallied(tally, line);
    failures.see(line);
    if (!NX_ADVICE.test(line)) print(line);
  };
  await using tests = startGuarded({ name: 'tests', command, args, env, cwd: root, onLine });
  const limit = setTimeout(() => {
    print(`The tests are ended: they took longer than ${LONGEST_RUN_MS / 60_000} minutes.`);
    tests.kill('SIGKILL');
  }, LONGEST_RUN_MS);
  const { code } = await tests.exited;
  clearTimeout(limit);
  return { tally, failures, code };
}

/** The tests find the components by the same variables that a person would set. */
async function testEnvironment(): Promise<Environment> {
  const options: FindOptions = { env: process.env, localDir, report: print };
  const nats = await found('nats-server', findNatsServer(options));
  const chroma = await found('chroma', findChroma(options));
  const chromium = await found('chromium', findChromium(options));
  return {
    ...process.env,
    // A developer's `.env`, with real keys in it, is not for tests.
    APP_ENV: 'test',
    PATH: [join(root, 'node_modules', '.bin'), process.env['PATH'] ?? ''].join(delimiter),
    NX_NO_CLOUD: 'true',
    NX_DAEMON: 'false',
    NX_TUI: 'false',
    FORCE_COLOR: process.stdout.isTTY ? '1' : '0',
    ...(nats && { NATS_SERVER_PATH: nats.command }),
    ...(chroma && { TROUPE_CHROMA_COMMAND: JSON.stringify([chroma.command, ...chroma.args]) }),
    ...(chromium && { CHROMIUM_PATH: chromium.command }),
  };
}

/** A missing component does not stop the tests that do without it; those that need it say so themselves. */
async function found(name: string, searching: Promise<Found>): Promise<Found | undefined> {
  try {
    const component = await searching;
    print(`✔ ${name} ${component.version} (${component.source})`);
    return component;
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    print(`✖ ${error.message}`);
    return undefined;
  }
}

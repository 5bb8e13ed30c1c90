// Finds a Chromium that really starts: CHROMIUM_PATH, PATH, .local/, the lockfile's @sparticuz/chromium (x64 Linux). The
// result is always one executable. How it is driven, and with which sandbox, is the caller's business.
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startGuarded } from '../processes/guarded-process.ts';
import { launcherIn, unpackBundle } from './chromium-bundle.ts';
import { realOrigins } from './origins.ts';
import { publishDirectory } from './publish-directory.ts';
import { type FindOptions, type Found, search, type Verdict, type Way } from './search.ts';
import { fromCache, fromPath, fromVariable, probe } from './ways.ts';

const NAMES = ['chromium', 'chromium-headless-shell', 'chromium-browser', 'google-chrome'];
const BUNDLE = '@sparticuz/chromium';
const START_TIMEOUT_MS = 30_000;

const FIXES = [
  'install Chromium or Chrome so that it is on PATH (Debian: apt-get install chromium-headless-shell)',
  'set CHROMIUM_PATH to the executable of a Chromium or Chrome',
];

/** A Chromium that was started once, headless. Errors: `component_refused`, `component_missing`. */
export async function findChromium(options: FindOptions): Promise<Found> {
  const { installed } = options.origins ?? realOrigins;
  const check = async (path: string): Promise<Verdict> => {
    const verdict = await probe('chromium', [path], undefined, options);
    if (verdict.kind !== 'usable') return verdict;
    const failure = await failureToStart(path, options);
    return failure === undefined
      ? verdict
      : { kind: 'refused', reason: `chromium at ${path} does not start (${failure})` };
  };
  const bundle = process.platform === 'linux' && process.arch === 'x64' ? installed(BUNDLE) : undefined;
  const ways = [
    fromVariable('CHROMIUM_PATH', options, check),
    ...(await fromPath(NAMES, options, check)),
    ...(bundle === undefined ? [] : fromBundle(join(dirname(bundle), '..'), check, options)),
  ];
  return search('chromium', ways, FIXES, options);
}

function fromBundle(
  packageDir: string,
  check: (path: string) => Promise<Verdict>,
  options: FindOptions,
): Way[] {
  const { localDir, report, signal } = options;
  const { version } = JSON.parse(readFileSync(join(packageDir, 'package.json'), 'utf8')) as {
    version: string;
  };
  const folder = join(localDir, `chromium-${version}`);
  const launcher = launcherIn(folder);
  const look = async (): Promise<Verdict> => {
    report(`chromium: unpacking ${BUNDLE} …`);
    await publishDirectory(folder, (draft) => unpackBundle(join(packageDir, 'bin'), draft, signal));
    return check(launcher);
  };
  return [fromCache(folder, launcher, check), { source: 'lockfile', look }];
}

/** Starts the browser until it says that it can be driven, then ends it. Undefined when it did say so. */
async function failureToStart(path: string, { env, signal }: FindOptions): Promise<string | undefined> {
  const profile = await mkdtemp(join(tmpdir(), 'troupe-chromium-'));
  const started = Promise.withResolvers<undefined>();
  const browser = startGuarded({
    name: 'chromium',
    command: path,
    args: [
      '--headless',
      '--no-sandbox',
      '--remote-debugging-port=0',
      `--user-data-dir=${profile}`,
      'about:blank',
    ],
    env,
    onLine: (line) => {
      if (line.startsWith('DevTools listening on ')) started.resolve(undefined);
    },
  });
  const timer = new AbortController();
  const cancelled = AbortSignal.any([timer.signal, ...(signal === undefined ? [] : [signal])]);
  const late = sleep(START_TIMEOUT_MS, `not ready within ${START_TIMEOUT_MS / 1000} s`, {
    signal: cancelled,
  });
  late.catch(() => undefined); // cancelled: the race is over
  const ended = browser.exited.then(
    ({ code }) => `it ended with code ${code ?? 'unknown'}: ${browser.tail()}`,
  );
  try {
    return await Promise.race([started.promise, late, ended]);
  } finally {
    timer.abort();
    await browser.stop({ signal: 'SIGKILL' });
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

// The first thing that runs, on whatever Node >= 20 the machine has: makes node_modules match the lockfile, finds
// Node 24 and runs the given TypeScript file on it. Plain JavaScript without dependencies, because nothing is
// installed yet. It writes to stderr only: stdout belongs to the program. It does not look for servers or browsers.
import { spawnSync } from 'node:child_process';
import { delimiter, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const bin = join(root, 'node_modules', '.bin');
const major = (version) => Number.parseInt(version, 10);

if (major(process.versions.node) < 20) {
  fail(`Node ${process.versions.node} is too old: Troupe is started with Node 20 or newer.
  Install a current Node (https://nodejs.org) and run the command again.`);
}
if (process.platform === 'win32') {
  fail('Troupe runs on Linux and macOS. On Windows, run the same command inside WSL 2.');
}

const [script, ...args] = process.argv.slice(2);
if (script === undefined) fail('Usage: node setup/launch.mjs FILE.ts [ARGUMENT...]');

const { install } = await import('./install.mjs');
const { runGuarded } = await import('./run-guarded.mjs');
try {
  await install(root, (line) => process.stderr.write(`${line}\n`));
  const env = {
    // What was compiled once is kept: half of what starting a service costs is stripping types and compiling.
    NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'compiled'),
    ...process.env,
    PATH: [bin, process.env.PATH].filter(Boolean).join(delimiter),
  };
  const stdio = ['inherit', 'inherit', 'inherit'];
  process.exitCode = await runGuarded(node24(), [resolve(root, script), ...args], { env, stdio });
} catch (error) {
  fail(error.message);
}

/** The Node that runs TypeScript as it is: the lockfile's, else this one when it is new enough. */
function node24() {
  const locked = join(bin, 'node');
  const probe = spawnSync(locked, ['-p', 'process.versions.node'], { encoding: 'utf8', timeout: 10_000 });
  if (probe.status === 0 && major(probe.stdout) >= 24) return locked;
  if (major(process.versions.node) >= 24) return process.execPath;
  const found = probe.status === 0 ? `is version ${probe.stdout.trim()}` : 'does not run on this machine';
  return fail(`Node 24 is needed: this is ${process.versions.node}, and node_modules/.bin/node ${found}.
  The lockfile brings Node 24 for Linux with glibc on x64 and arm64. Either
  - run \`npm ci --include=optional\` there, or
  - install Node 24 (https://nodejs.org) and run the command again.`);
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

// Finds the command of a Chroma server: TROUPE_CHROMA_COMMAND, `chroma` on PATH, the lockfile's chromadb package, and
// where this machine's glibc is older than that package needs, the same package on a newer glibc unpacked beside it.
// With CHROMA_URL set there is nothing to find: that is the caller's decision. It starts no server.
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { realOrigins } from './origins.ts';
import { publishDirectory } from './publish-directory.ts';
import { absent, type FindOptions, type Found, search, type Verdict, type Way } from './search.ts';
import { fromCache, fromPath, fromVariable, probe } from './ways.ts';

const NEEDED = { version: [1, 0], because: 'it has another interface' } as const;

const FIXES = [
  'set CHROMA_URL to a running Chroma server, e.g. http://127.0.0.1:8000',
  'put the `chroma` command on PATH (https://docs.trychroma.com/docs/cli/install)',
  'use a system with glibc 2.39 or newer',
  'Debian: make `apt-get update` work for this user; a newer glibc is then unpacked beside yours, for Chroma only',
];

type Command = readonly [string, ...string[]];

/** A Chroma command that answered `--version`; add `run …`. Errors: `component_refused`, `component_missing`. */
export async function findChroma(options: FindOptions): Promise<Found> {
  const { installed } = options.origins ?? realOrigins;
  const check = (...command: Command): Promise<Verdict> => probe('chroma', command, NEEDED, options);
  const checkJson = (value: string): Promise<Verdict> => {
    const command = parseCommand(value);
    const reason = `${value} is not a JSON array of strings, e.g. ["/usr/bin/chroma"]`;
    return command === undefined ? Promise.resolve({ kind: 'refused', reason }) : check(...command);
  };
  const entry = installed('chromadb');
  const ways = [
    fromVariable('TROUPE_CHROMA_COMMAND', options, checkJson),
    ...(await fromPath(['chroma'], options, check)),
    ...(entry === undefined ? [] : fromPackage(join(dirname(entry), 'cli.mjs'), check, options)),
  ];
  return search('chroma', ways, FIXES, options);
}

/** What glibc calls its loader and Debian its library folder, by Node's name of the processor. */
const GLIBC: Partial<Record<string, { readonly loader: string; readonly libraries: string }>> = {
  x64: { loader: 'ld-linux-x86-64.so.2', libraries: 'usr/lib/x86_64-linux-gnu' },
  arm64: { loader: 'ld-linux-aarch64.so.1', libraries: 'usr/lib/aarch64-linux-gnu' },
};

/** The lockfile's Chroma: on the glibc that an earlier run unpacked, as it is, or on a glibc unpacked now. */
function fromPackage(
  cli: string,
  check: (...command: Command) => Promise<Verdict>,
  options: FindOptions,
): Way[] {
  const asItIs: Way = { source: 'lockfile', look: () => check(process.execPath, cli) };
  const glibc = GLIBC[process.arch];
  if (process.platform !== 'linux' || glibc === undefined) return [asItIs];

  const { localDir, report, signal } = options;
  const { systemPackages } = options.origins ?? realOrigins;
  const folder = join(localDir, 'glibc-trixie');
  const libraries = join(folder, 'libraries');
  const loader = join(libraries, glibc.loader);
  const checkWithLoader = (): Promise<Verdict> =>
    check(loader, '--library-path', libraries, process.execPath, cli);

  const lookAtSystemPackages = async (): Promise<Verdict> => {
    if (systemPackages === undefined) return absent;
    report('chroma: unpacking a newer glibc from the archive of Debian trixie, for this program only …');
    await publishDirectory(folder, async (draft) => {
      const scratch = join(draft, 'scratch');
      await mkdir(scratch);
      const tree = await systemPackages.unpack(
        'trixie',
        ['libc6', 'libstdc++6', 'libgcc-s1'],
        scratch,
        signal,
      );
      await rename(join(tree, glibc.libraries), join(draft, 'libraries'));
      await rm(scratch, { recursive: true });
    });
    return checkWithLoader();
  };
  return [
    fromCache(folder, loader, checkWithLoader),
    asItIs,
    { source: 'system-packages', look: lookAtSystemPackages },
  ];
}

/** The variable's form: the command and its first arguments, as one process hands them to another. */
function parseCommand(value: string): Command | undefined {
  try {
    const parts: unknown = JSON.parse(value);
    if (!Array.isArray(parts) || !parts.every((part) => typeof part === 'string')) return undefined;
    const [command, ...args] = parts;
    return command === undefined ? undefined : [command, ...args];
  } catch {
    return undefined;
  }
}

// The ways that components have in common: a variable, PATH, and what an earlier run left in .local/; and the question
// for its version that every program must answer. What is special about a component stays in its own file.
import { isExecutable, onPath, run } from './command.ts';
import { discardDirectory } from './publish-directory.ts';
import { absent, type FindOptions, type Verdict, type Way } from './search.ts';

export type Needed = { readonly version: readonly [number, number]; readonly because: string };
type Check = (path: string) => Promise<Verdict>;

/** An executable named by a variable. */
export function fromVariable(variable: string, { env }: Pick<FindOptions, 'env'>, check: Check): Way {
  const look = async (): Promise<Verdict> => {
    const value = env[variable];
    if (value === undefined || value === '') return absent;
    const verdict = await check(value);
    return verdict.kind === 'refused'
      ? { kind: 'refused', reason: `${variable}: ${verdict.reason}` }
      : verdict;
  };
  return { source: 'variable', look };
}

/** Every executable on PATH with one of the names, the first name first. */
export async function fromPath(
  names: readonly string[],
  { env }: Pick<FindOptions, 'env'>,
  check: Check,
): Promise<Way[]> {
  const found = await Promise.all(names.map((name) => onPath(name, env)));
  return found.flat().map((path) => ({ source: 'path', look: () => check(path) }));
}

/** `program` in the published `folder`. What is refused there is discarded, so that a later way can put it anew. */
export function fromCache(folder: string, program: string, check: Check): Way {
  const look = async (): Promise<Verdict> => {
    if (!(await isExecutable(program))) return absent;
    const verdict = await check(program);
    if (verdict.kind === 'refused') await discardDirectory(folder);
    return verdict;
  };
  return { source: 'cache', look };
}

/** Usable when the command answers `--version`, with `needed` or newer if that is given. */
export async function probe(
  name: string,
  [command, ...args]: readonly [string, ...string[]],
  needed: Needed | undefined,
  { env, signal }: Pick<FindOptions, 'env' | 'signal'>,
): Promise<Verdict> {
  const program = args.at(-1) ?? command;
  const { code, stdout, stderr } = await run(command, [...args, '--version'], {
    env,
    timeoutMs: 30_000,
    signal,
  });
  const version = /\d+\.\d+(?:\.\d+)*/.exec(stdout)?.[0];
  if (code !== 0 || version === undefined) {
    return { kind: 'refused', reason: `${name} at ${program} does not run here (${complaintIn(stderr)})` };
  }
  if (needed !== undefined && isOlder(version, needed.version)) {
    const reason = `${name} ${version} at ${program} is older than ${needed.version.join('.')}: ${needed.because}`;
    return { kind: 'refused', reason };
  }
  return { kind: 'usable', command, args, version };
}

function complaintIn(stderr: string): string {
  const glibc = /GLIBC_[\d.]+(?=' not found)/.exec(stderr)?.[0];
  if (glibc !== undefined) return `it needs ${glibc}, this system's is older`;
  if (/\bENOENT\b/.test(stderr)) return 'there is no such program';
  const firstLine = stderr.trim().split('\n', 1)[0] ?? '';
  return firstLine === '' ? 'it names no version' : firstLine;
}

function isOlder(version: string, [neededMajor, neededMinor]: readonly [number, number]): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major < neededMajor || (major === neededMajor && minor < neededMinor);
}

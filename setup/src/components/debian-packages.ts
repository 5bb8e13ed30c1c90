// Unpacks packages of a newer Debian suite without installing them: apt checks signatures and hashes as always, but
// with its lists, cache and sources in a folder of ours, so that the machine's own are not touched and root is not
// needed. The archive is the one that this machine already uses; its address is read, never written down or shown.
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SetupError } from '../setup-error.ts';
import { run, type RunOptions } from './command.ts';

export type SystemPackages = {
  /** Unpacks `packages` of `suite` into `folder` (which must exist) and answers with the unpacked tree's root. */
  unpack(suite: string, packages: readonly string[], folder: string, signal?: AbortSignal): Promise<string>;
};

const KEYRINGS = [
  '/usr/share/keyrings/debian-archive-keyring.pgp',
  '/usr/share/keyrings/debian-archive-keyring.gpg',
];
const APT_TIMEOUT_MS = 5 * 60_000;

/** Undefined where the operating system is not Debian: other archives do not have these suites. */
export function debianPackages(osRelease = '/etc/os-release'): SystemPackages | undefined {
  const fields = existsSync(osRelease) ? readFileSync(osRelease, 'utf8') : '';
  if (!/^ID=debian$/m.test(fields)) return undefined;
  const codename = /^VERSION_CODENAME=(\S+)$/m.exec(fields)?.[1] ?? 'stable';
  return {
    unpack: (suite, packages, folder, signal) => unpack({ codename, suite, packages, folder, signal }),
  };
}

type Order = {
  readonly codename: string;
  readonly suite: string;
  readonly packages: readonly string[];
  readonly folder: string;
  readonly signal: AbortSignal | undefined;
};

async function unpack({ codename, suite, packages, folder, signal }: Order): Promise<string> {
  const apt = join(folder, 'apt');
  const tree = join(folder, 'tree');
  for (const path of ['lists/partial', 'cache/archives/partial', 'no-parts', 'downloads']) {
    await mkdir(join(apt, path), { recursive: true });
  }
  const keyring = KEYRINGS.find((file) => existsSync(file));
  const source = [
    'Types: deb',
    `URIs: ${await archiveOf(codename, signal)}`,
    `Suites: ${suite}`,
    'Components: main',
  ];
  await writeFile(
    join(apt, 'archive.sources'),
    [...source, ...(keyring === undefined ? [] : [`Signed-By: ${keyring}`]), ''].join('\n'),
  );
  const settings = {
    'Dir::Etc::SourceList': join(apt, 'archive.sources'),
    'Dir::Etc::SourceParts': join(apt, 'no-parts'),
    'Dir::State::Lists': join(apt, 'lists'),
    'Dir::Cache': join(apt, 'cache'),
    'Acquire::Languages': 'none',
    'Acquire::Retries': '2',
    'Acquire::http::Timeout': '30',
    'Acquire::https::Timeout': '30',
    'APT::Sandbox::User': 'root', // the archive user could not write into our folder
  };
  const options = ['-q', ...Object.entries(settings).flatMap(([key, value]) => ['-o', `${key}=${value}`])];
  const within = { cwd: join(apt, 'downloads'), timeoutMs: APT_TIMEOUT_MS, signal };
  await must('apt-get', [...options, 'update', '--error-on=any'], within);
  await must('apt-get', [...options, 'download', ...packages], within);
  for (const file of await readdir(within.cwd))
    await must('dpkg-deb', ['-x', join(within.cwd, file), tree], within);
  return tree;
}

/** The archive that this machine takes its own suite from. */
async function archiveOf(codename: string, signal: AbortSignal | undefined): Promise<string> {
  const format = '$(REPO_URI) $(RELEASE) $(COMPONENT)';
  const args = ['indextargets', '--no-release-info', '--format', format, 'Created-By: Packages'];
  const rows = (await must('apt-get', args, { signal })).split('\n').map((line) => line.split(' '));
  for (const release of [codename, 'stable', 'testing', 'unstable', 'sid']) {
    const uri = rows.find((row) => row[1] === release && row[2] === 'main')?.[0];
    if (uri !== undefined) return uri;
  }
  throw new SetupError('command_failed', `apt has no source for Debian ${codename} (main) on this machine`);
}

async function must(command: string, args: readonly string[], options: RunOptions): Promise<string> {
  const { code, stdout, stderr } = await run(command, args, options);
  if (code === 0) return stdout;
  const complaint =
    stderr.split('\n').find((line) => /^(E|Err|dpkg-deb):/.test(line)) ?? stderr.split('\n', 1)[0] ?? '';
  const doing =
    args.find((arg) => arg === 'update' || arg === 'download' || arg === 'indextargets') ?? args[0] ?? '';
  throw new SetupError('command_failed', `${command} ${doing} failed: ${withoutHosts(complaint)}`);
}

/** Addresses and host names say which mirror a machine uses, which is nobody's business in a log. */
export function withoutHosts(text: string): string {
  return text
    .replace(/\b[a-z]+:\/\/\S+/gi, '<archive>')
    .replace(/(?<=\bresolv(?:e|ing) (?:host:? )?)'?[^\s']+'?/gi, '<host>')
    .replace(/\b[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::\d+)?\b|\b[a-z0-9-]+:\d{2,5}\b/gi, '<host>');
}

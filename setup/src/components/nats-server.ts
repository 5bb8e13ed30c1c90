// Finds nats-server 2.15 or newer: NATS_SERVER_PATH, PATH, .local/, Debian's newest suite. Older servers are refused by
// name, because they accept the stream settings that this system relies on and then ignore them. It starts no server.
import { copyFile, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { SetupError } from '../setup-error.ts';
import { isExecutable } from './command.ts';
import { realOrigins } from './origins.ts';
import { publishDirectory } from './publish-directory.ts';
import { absent, type FindOptions, type Found, search, type Verdict } from './search.ts';
import { fromCache, fromPath, fromVariable, probe } from './ways.ts';

const NEEDED = {
  version: [2, 15],
  because: 'older servers accept message schedules and other settings, and silently ignore them',
} as const;

const FIXES = [
  'Linux: download nats-server from https://github.com/nats-io/nats-server/releases and set NATS_SERVER_PATH to it',
  'macOS: brew install nats-server',
  'Debian: make `apt-get update` work for this user; nats-server is then unpacked from sid, without being installed',
];

/** A nats-server that says it is 2.15 or newer. Errors: `component_refused`, `component_missing`. */
export async function findNatsServer(options: FindOptions): Promise<Found> {
  const { localDir, report, signal } = options;
  const { systemPackages } = options.origins ?? realOrigins;
  const folder = join(localDir, `nats-server-${NEEDED.version.join('.')}`);
  const binary = join(folder, 'nats-server');
  const check = (path: string): Promise<Verdict> => probe('nats-server', [path], NEEDED, options);

  const lookAtSystemPackages = async (): Promise<Verdict> => {
    if (systemPackages === undefined) return absent;
    report('nats-server: unpacking it from the archive of Debian sid …');
    await publishDirectory(folder, async (draft) => {
      const scratch = join(draft, 'scratch');
      await mkdir(scratch);
      const tree = await systemPackages.unpack('sid', ['nats-server'], scratch, signal);
      await copyFile(await binaryIn(tree), join(draft, 'nats-server'));
      await rm(scratch, { recursive: true });
    });
    return check(binary);
  };

  const ways = [
    fromVariable('NATS_SERVER_PATH', options, check),
    ...(await fromPath(['nats-server'], options, check)),
    fromCache(folder, binary, check),
    { source: 'system-packages', look: lookAtSystemPackages } as const,
  ];
  return search('nats-server', ways, FIXES, options);
}

async function binaryIn(tree: string): Promise<string> {
  for (const folder of ['usr/sbin', 'usr/bin']) {
    const file = join(tree, folder, 'nats-server');
    if (await isExecutable(file)) return file;
  }
  throw new SetupError('command_failed', 'the package nats-server holds no program of that name');
}

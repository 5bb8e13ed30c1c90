// Finds Docker Compose for the check of docker-compose.yaml, which needs no engine: on PATH, where Docker keeps its plugins,
// in .local/, in Debian's newest suite. `docker compose` is not asked: without the plugin it answers with Docker's own version.
import { copyFile, mkdir, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { realOrigins } from './origins.ts';
import { publishDirectory } from './publish-directory.ts';
import { absent, type FindOptions, type Found, search, type Verdict } from './search.ts';
import { fromCache, fromPath, probe } from './ways.ts';

const NEEDED = { version: [2, 24], because: 'it does not know all settings of docker-compose.yaml' } as const;

const PLUGINS = [
  '/usr/local/lib/docker/cli-plugins',
  '/usr/local/libexec/docker/cli-plugins',
  '/usr/lib/docker/cli-plugins',
  '/usr/libexec/docker/cli-plugins',
];

const FIXES = [
  'install the Compose plugin of Docker (https://docs.docker.com/compose/install)',
  'Debian: make `apt-get update` work for this user; docker-compose is then unpacked from sid, without being installed',
];

/** A docker-compose that says it is 2.24 or newer. Errors: `component_missing`. */
export async function findDockerCompose(options: FindOptions): Promise<Found> {
  const { env, localDir, report, signal } = options;
  const { systemPackages } = options.origins ?? realOrigins;
  const folder = join(localDir, `docker-compose-${NEEDED.version.join('.')}`);
  const binary = binaryIn(folder);
  const check = (path: string): Promise<Verdict> => probe('docker-compose', [path], NEEDED, options);

  const lookAtSystemPackages = async (): Promise<Verdict> => {
    if (systemPackages === undefined) return absent;
    report('docker-compose: unpacking it from the archive of Debian sid …');
    await publishDirectory(folder, async (draft) => {
      const scratch = join(draft, 'scratch');
      await mkdir(scratch);
      const tree = await systemPackages.unpack('sid', ['docker-compose'], scratch, signal);
      await copyFile(join(tree, 'usr/libexec/docker/cli-plugins/docker-compose'), binaryIn(draft));
      await rm(scratch, { recursive: true });
    });
    return check(binary);
  };

  const PATH = [env['PATH'] ?? '', join(env['HOME'] ?? '', '.docker/cli-plugins'), ...PLUGINS].join(
    delimiter,
  );
  const ways = [
    ...(await fromPath(['docker-compose'], { env: { ...env, PATH } }, check)),
    fromCache(folder, binary, check),
    { source: 'system-packages', look: lookAtSystemPackages } as const,
  ];
  return search('docker-compose', ways, FIXES, options);
}

const binaryIn = (folder: string): string => join(folder, 'docker-compose');

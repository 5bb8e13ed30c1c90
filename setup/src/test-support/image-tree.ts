// What an image of ours holds, without building it: the COPY lines of the Dockerfile and the rules of .dockerignore are applied
// to the checkout, and `npm ci --omit=dev --omit=optional` is taken from the lockfile and the packages that are installed.
import { copyFileSync, existsSync, globSync, linkSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';

export type Stage = {
  readonly name: string;
  readonly from: string;
  /** Every other line, continued lines as one. */
  readonly lines: readonly string[];
};

export function stagesOf(dockerfile: string): readonly Stage[] {
  const lines = dockerfile
    .replace(/^#.*\n/gm, '')
    .replace(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line.trim() !== '');
  return lines.flatMap((line, start) => {
    const [, from = '', name = ''] = /^FROM (\S+) AS (\S+)$/.exec(line) ?? [];
    if (name === '') return [];
    const end = lines.findIndex((later, index) => index > start && later.startsWith('FROM '));
    return [{ name, from, lines: lines.slice(start + 1, end === -1 ? undefined : end) }];
  });
}

/** Whether `path` may enter a build: the last line of .dockerignore that matches it, or a folder of it, decides. */
export function mayEnter(path: string, dockerignore: string): boolean {
  const folders = path.split('/').map((_, depth, parts) => parts.slice(0, depth + 1).join('/'));
  let allowed = true;
  for (const line of dockerignore.split('\n').filter((text) => text !== '' && !text.startsWith('#'))) {
    const pattern = patternOf(line.replace(/^!/, ''));
    if (folders.some((folder) => pattern.test(folder))) allowed = line.startsWith('!');
  }
  return allowed;
}

/** Docker's `*` matches files that begin with a dot as well, unlike a shell's. */
function patternOf(glob: string): RegExp {
  const parts = glob.split(/(\*\*\/|\*)/).map((part) => {
    if (part === '**/') return '(?:.*/)?';
    return part === '*' ? '[^/]*' : part.replaceAll('.', '\\.');
  });
  return new RegExp(`^${parts.join('')}$`);
}

/** Fills the empty folder `tree` with what the stage's own COPY lines, and those of the stages that it takes from, put there. */
export function layOut(root: string, stage: string, tree: string): void {
  const dockerignore = readFileSync(join(root, '.dockerignore'), 'utf8');
  const stages = stagesOf(readFileSync(join(root, 'Dockerfile'), 'utf8'));
  for (const line of stages.find(({ name }) => name === stage)?.lines ?? []) {
    const [command, ...words] = line.split(/\s+/);
    if (command === 'COPY' && words[0]?.startsWith('--from='))
      layOut(root, words[0].slice('--from='.length), tree);
    else if (command === 'COPY') copy(root, words, { tree, dockerignore });
    else if (line.includes('npm ci')) installProduction(root, tree);
  }
}

function copy(
  root: string,
  words: readonly string[],
  { tree, dockerignore }: { readonly tree: string; readonly dockerignore: string },
): void {
  const target = words.at(-1) ?? '';
  for (const source of words.slice(0, -1)) {
    const files = globSync([source, `${source}/**`, `${source}/**/.*`], { cwd: root, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(root, join(entry.parentPath, entry.name)))
      .filter((file) => mayEnter(file, dockerignore));
    if (files.length === 0) throw new Error(`COPY ${source}: nothing of that name may enter the build`);
    for (const file of files) {
      const inside = file === source ? basename(file) : file.slice(source.length + 1);
      const path = join(tree, target, inside);
      mkdirSync(dirname(path), { recursive: true });
      copyFileSync(join(root, file), path);
    }
  }
}

type Locked = {
  readonly link?: boolean;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly devOptional?: boolean;
};

/** Hard links, so that Node finds nothing of the checkout behind them, and so that it is quick. */
function installProduction(root: string, tree: string): void {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, Locked & { readonly resolved?: string }>>;
  };
  for (const [path, { link, dev, optional, devOptional, resolved }] of Object.entries(lock.packages)) {
    if (!path.includes('node_modules/') || dev || optional || devOptional || !existsSync(join(root, path)))
      continue;
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    if (link) symlinkSync(join(tree, resolved ?? ''), join(tree, path));
    else linkFiles(join(root, path), join(tree, path));
  }
}

function linkFiles(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  const entries = globSync('*', { cwd: from, withFileTypes: true });
  for (const entry of entries) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory() && entry.name !== 'node_modules') linkFiles(source, target);
    else if (entry.isFile()) linkSync(source, target);
  }
}

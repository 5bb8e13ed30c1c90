// What failed in a run of several packages: the details, to be repeated where the output ends (they stand thousands of lines above it,
// and whoever keeps only the end would not see which test it was), and the files, to be run once more.

/** Lines kept per package: enough for several failures with their stacks, without burying the sum below them. */
const LINES_KEPT = 120;

const COLOURS = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g');
const BEGIN = /^(\S+): ✖ failing tests:$/;
const FILE = /^test at (\S+?\.test\.ts):\d+:\d+$/;
/** How Nx names a package whose tests ended with an error. */
const FAILED_TASK = /^- (\S+):test$/;

/** Looks at every line that Nx and the `node --test` of each package print. */
export class Failures {
  readonly #details = new Map<string, string[]>();
  readonly #files = new Map<string, Set<string>>();
  readonly #failedPackages = new Set<string>();

  see(line: string): void {
    const plain = line.replace(COLOURS, '').trimEnd();
    const failed = FAILED_TASK.exec(plain)?.[1];
    if (failed !== undefined) this.#failedPackages.add(failed);
    const begun = BEGIN.exec(plain)?.[1];
    if (begun !== undefined) this.#details.set(begun, []);
    const name = begun ?? [...this.#details.keys()].find((known) => plain.startsWith(`${known}: `));
    if (name !== undefined) this.#detail(name, plain);
  }

  #detail(name: string, line: string): void {
    const file = FILE.exec(line.slice(name.length + 2))?.[1];
    if (file !== undefined) this.#files.set(name, (this.#files.get(name) ?? new Set()).add(file));
    const details = this.#details.get(name);
    if (details !== undefined && details.length < LINES_KEPT) details.push(line);
  }

  get lines(): readonly string[] {
    return [...this.#details.values()].flat();
  }

  /** The test files in which something failed, as `<package without scope>/<path in it>`; undefined where a failed package named none. */
  get files(): readonly string[] | undefined {
    if ([...this.#failedPackages].some((name) => !this.#files.has(name))) return undefined;
    return [...this.#files].flatMap(([name, files]) =>
      [...files].map((file) => `${name.replace(/^@[^/]+\//, '')}/${file}`),
    );
  }
}

// What failed, repeated where the output ends: with several packages at a time the details of a failure stand thousands
// of lines above, and whoever keeps only the end of an output would not see which test it was.

/** Lines kept per package: enough for several failures with their stacks, without burying the sum below them. */
const LINES_KEPT = 120;

const COLOURS = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g');
const BEGIN = /^(\S+: )✖ failing tests:$/;

/** Looks at every line of a run of several packages; `lines` is what `node --test` said of the failures of each. */
export class Failures {
  readonly #byPackage = new Map<string, string[]>();

  see(line: string): void {
    const plain = line.replace(COLOURS, '').trimEnd();
    const begun = BEGIN.exec(plain)?.[1];
    if (begun !== undefined) this.#byPackage.set(begun, []);
    const name = begun ?? [...this.#byPackage.keys()].find((prefix) => plain.startsWith(prefix));
    const kept = name === undefined ? undefined : this.#byPackage.get(name);
    if (kept !== undefined && kept.length < LINES_KEPT) kept.push(plain);
  }

  get lines(): readonly string[] {
    return [...this.#byPackage.values()].flat();
  }
}

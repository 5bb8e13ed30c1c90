// Keys from files, taken over without a restart: each file is read now and then, and what it holds goes to the pool when it changed. A file
// that cannot be read, or is wrong, or empty (it may be in the middle of being written), keeps its former keys and is complained of
// once until it is right again. Files are read and not watched: secrets are mounted as links that change under the name.
import { hash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProviderKey } from './provider-key.ts';
import { parseKey, parseKeys } from './provider-key.ts';

export interface KeyFile {
  readonly path: string;
  readonly holds: 'one' | 'list';
  /** What it held when it was read first. */
  readonly keys: readonly ProviderKey[];
}

export interface KeySources {
  /** Keys that no file holds. */
  readonly fixed: readonly ProviderKey[];
  readonly files: readonly KeyFile[];
  readonly readEveryMs: number;
  /** All keys there are, after each change. */
  readonly onKeys: (keys: readonly ProviderKey[]) => void;
  /** Without anything of what the file holds. */
  readonly onProblem: (problem: { readonly path: string; readonly rule: string }) => void;
}

/** Reads the files until disposed. */
export function followKeyFiles({ fixed, files, readEveryMs, onKeys, onProblem }: KeySources): Disposable {
  const over = new AbortController();
  const followed = files.map((file) => new Followed(file));

  const isOver = (): boolean => over.signal.aborted;

  async function follow(): Promise<void> {
    while (!isOver()) {
      const reads = await Promise.all(followed.map((file) => file.read()));
      if (isOver()) return;
      for (const read of reads) if (read.kind === 'problem') onProblem(read);
      if (reads.some(({ kind }) => kind === 'changed'))
        onKeys([...fixed, ...followed.flatMap(({ keys }) => keys)]);
      await sleep(readEveryMs, undefined, { signal: over.signal, ref: false }).catch(() => undefined);
    }
  }
  if (files.length > 0) void follow();
  return { [Symbol.dispose]: () => over.abort() };
}

type Read =
  | { readonly kind: 'same' | 'changed' }
  | { readonly kind: 'problem'; readonly path: string; readonly rule: string };

class Followed {
  readonly #file: KeyFile;
  keys: readonly ProviderKey[];
  /** Of what was read last, right or wrong; the text itself is not kept. */
  #print: string | undefined;

  constructor(file: KeyFile) {
    this.#file = file;
    this.keys = file.keys;
  }

  async read(): Promise<Read> {
    const { path, holds } = this.#file;
    const text = await readFile(path, 'utf8').catch(() => undefined);
    const print = text === undefined ? UNREADABLE : hash('sha256', text);
    if (print === this.#print) return { kind: 'same' };
    this.#print = print;
    if (text === undefined) return { kind: 'problem', path, rule: 'must be a file that can be read' };
    const parsed = holds === 'one' ? parseKey(text) : parseKeys(text);
    if (parsed.kind === 'wrong') return { kind: 'problem', path, rule: parsed.rule };
    this.keys = parsed.keys;
    return { kind: 'changed' };
  }
}

/** No hash is like that. */
const UNREADABLE = 'unreadable';

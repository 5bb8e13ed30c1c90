// The keys of one provider as its settings name them, one or a list, each there or in a file, and kept in step with the files.
import { KeyPool } from './pool.ts';
import type { KeyPoolOptions } from './pool.ts';
import { ProviderKey } from './provider-key.ts';
import type { KeyFile, KeySources } from './sources.ts';
import { followKeyFiles } from './sources.ts';

/** Where a file is named, `key` or `keys` is what it held when the settings were read. */
export interface KeySettings {
  readonly key: string | undefined;
  readonly keyFile: string | undefined;
  readonly keys: readonly ProviderKey[] | undefined;
  readonly keysFile: string | undefined;
}

export interface OpenKeysOptions extends KeyPoolOptions, Pick<KeySources, 'readEveryMs' | 'onProblem'> {
  readonly settings: KeySettings;
}

export interface OpenKeys extends Disposable {
  readonly pool: KeyPool;
}

/** Follows the files until disposed. */
export function openKeys({ settings, readEveryMs, onProblem, ...pooling }: OpenKeysOptions): OpenKeys {
  const { key, keyFile, keys = [], keysFile } = settings;
  const one = key === undefined ? [] : [new ProviderKey(key)];
  const fixed = [...(keyFile === undefined ? one : []), ...(keysFile === undefined ? keys : [])];
  const files: KeyFile[] = [
    ...(keyFile === undefined ? [] : [{ path: keyFile, holds: 'one' as const, keys: one }]),
    ...(keysFile === undefined ? [] : [{ path: keysFile, holds: 'list' as const, keys }]),
  ];
  const pool = new KeyPool([...fixed, ...files.flatMap((file) => file.keys)], pooling);
  const following = followKeyFiles({
    fixed,
    files,
    readEveryMs,
    onProblem,
    onKeys: (all) => pool.replace(all),
  });
  return { pool, [Symbol.dispose]: () => following[Symbol.dispose]() };
}

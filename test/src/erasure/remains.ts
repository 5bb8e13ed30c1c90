// What is left of a text or of a key in the files of servers and in lines of logs, in whatever form it may stand there.
import type { KeyObject } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { open } from '../../../services/memory/src/sealing/seal.ts';

/** Every file in the folders, as it is on the disk. A file that goes while it is read leaves nothing. */
export async function filesIn(folders: readonly string[]): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  for (const folder of folders) {
    for (const file of await readdir(folder, { recursive: true, withFileTypes: true })) {
      const path = join(file.parentPath, file.name);
      const content = file.isFile() ? await readFile(path).catch(() => undefined) : undefined;
      if (content !== undefined) files.set(path, content);
    }
  }
  return files;
}

/** The forms of an ASCII text: as it is, which is also how JSON has it; its JSON in escapes; in hex; in base64, at each place of three. */
export function formsOf(text: string): string[] {
  const bytes = Buffer.from(text);
  const whole = bytes.length - 3 - (bytes.length % 3);
  const escaped = Array.from(bytes, (byte) => String.raw`\u${byte.toString(16).padStart(4, '0')}`);
  return [
    text,
    escaped.join(''),
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
    ...[0, 1, 2].map((shift) => bytes.subarray(shift, shift + whole).toString('base64')),
    ...[0, 1, 2].map((shift) => bytes.subarray(shift, shift + whole).toString('base64url')),
  ];
}

/** Where a text stands, in any form. */
export const placesOf = (text: string, files: ReadonlyMap<string, Buffer>): string[] =>
  [...files]
    .filter(([, content]) => formsOf(text).some((form) => content.includes(form)))
    .map(([path]) => path);

/** Characters of a wrapped key (12 bytes of nonce, 32 of key, 16 of tag, in base64), and what may look like more of it behind. */
const WRAPPED = 80;
const LIKE_A_KEY = /(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{80,88}(?![A-Za-z0-9+/])/g;

/** Everything in the files that may be a wrapped key. */
export const likeKeysIn = (files: ReadonlyMap<string, Buffer>): Set<string> =>
  new Set(
    [...files.values()].flatMap((content) =>
      [...content.toString('latin1').matchAll(LIKE_A_KEY)].map(([run]) => run.slice(0, WRAPPED)),
    ),
  );

/** Those that the master key opens to a user's data key. */
export const keysOf = (user: string, master: KeyObject, likeKeys: ReadonlySet<string>): string[] =>
  [...likeKeys].filter((wrapped) => open(master, wrapped, [`users.${user}`]) !== undefined);

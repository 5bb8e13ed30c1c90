// The master key: as configured, or on a machine without one a file that is made once. Its bytes are in a KeyObject from here on, which
// prints as nothing.
import { createSecretKey, randomBytes, randomUUID } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { StartupError } from '@troupe/shared';

export const MASTER_KEY_BYTES = 32;

/** 32 bytes in base64 or hex; undefined for anything else. */
export function masterKeyOf(text: string): KeyObject | undefined {
  const encoding = /^[0-9a-f]{64}$/i.test(text) ? 'hex' : 'base64';
  if (encoding === 'base64' && !/^[A-Za-z0-9+/_-]{43}=?$/.test(text)) return undefined;
  const bytes = Buffer.from(text, encoding);
  return bytes.length === MASTER_KEY_BYTES ? createSecretKey(bytes) : undefined;
}

export interface KeyFile {
  readonly key: KeyObject;
  /** Whether this call made it. */
  readonly made: boolean;
}

/**
 * The key in `file`, which is made readable for its owner alone if it is not there. Of several that make it at once, all get the same:
 * it comes into being whole, under its name, once. Throws StartupError `memory_key_unreadable`.
 */
export async function keyInFile(file: string): Promise<KeyFile> {
  try {
    const found = await readKey(file);
    if (found !== undefined) return { key: found, made: false };
    const made = await makeKey(file);
    const key = await readKey(file);
    if (key !== undefined) return { key, made };
  } catch (cause) {
    if (cause instanceof StartupError) throw cause;
    throw unreadable(file, 'could not be read or made', cause);
  }
  throw unreadable(file, 'went away as soon as it was made');
}

async function readKey(file: string): Promise<KeyObject | undefined> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const key = masterKeyOf(text.trim());
  if (key === undefined) throw unreadable(file, 'does not hold 32 bytes in base64 or hex');
  return key;
}

/** Whether the file is ours now: a link is made by one only. */
async function makeKey(file: string): Promise<boolean> {
  await mkdir(dirname(file), { recursive: true });
  const draft = `${file}.${randomUUID()}`;
  try {
    const text = `${randomBytes(MASTER_KEY_BYTES).toString('base64')}\n`;
    await writeFile(draft, text, { mode: 0o600, flush: true });
    await link(draft, file);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

const codeOf = (error: unknown): unknown =>
  error instanceof Error && 'code' in error ? error.code : undefined;

const unreadable = (file: string, what: string, cause?: unknown): StartupError =>
  new StartupError(
    {
      code: 'memory_key_unreadable',
      message: `The file of the master key, ${file}, ${what}.`,
      hint: 'Set AGENT_MEMORY_KEY or AGENT_MEMORY_KEY_FILE (openssl rand -base64 32), or put the file back: without its key nothing that is remembered can be read.',
    },
    { cause },
  );

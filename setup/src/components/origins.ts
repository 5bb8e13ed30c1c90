// Where packages really come from: npm's lockfile by Node's own resolution, the system's archive by apt.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { debianPackages } from './debian-packages.ts';
import type { Origins } from './search.ts';

export const realOrigins: Origins = { installed, systemPackages: debianPackages() };

function installed(name: string): string | undefined {
  try {
    const file = fileURLToPath(import.meta.resolve(name));
    return existsSync(file) ? file : undefined;
  } catch {
    return undefined;
  }
}

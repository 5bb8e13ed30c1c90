// Where this checkout is. Nothing outside it is written, except temporary files that are removed again.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** Git-ignored. Holds what was unpacked; it is made again when it is deleted. */
export const localDir = join(root, '.local');

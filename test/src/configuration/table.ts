// The table of docs/configuration.md as data: what a person configures by.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '@troupe/setup';

export interface Row {
  readonly variable: string;
  /** Empty where there is none. */
  readonly byDefault: string;
  readonly rule: string;
  readonly readers: readonly string[];
  readonly secret: string;
}

export const SERVICES = ['planner', 'llm-gateway', 'tool-executor', 'memory'];

export function readTable(): Row[] {
  const lines = readFileSync(join(root, 'docs/configuration.md'), 'utf8').split('\n');
  return lines
    .filter((line) => line.startsWith('| `'))
    .map((line) => {
      const [variable = '', byDefault = '', rule = '', readBy = '', secret = ''] = line
        .split('|')
        .slice(1)
        .map((cell) => cell.trim().replaceAll('`', ''));
      const readers = readBy.split(', ').flatMap((reader) => (reader === 'services' ? SERVICES : [reader]));
      return { variable, byDefault, rule, readers, secret };
    });
}

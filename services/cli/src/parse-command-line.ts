// From words to what a command is given. Node's own parser takes the words apart; what it would tolerate, or refuse in its own
// terms, is refused here with the nearest thing that exists.
import { parseArgs } from 'node:util';
import { nearest } from '@troupe/shared';
import type { Command, Given } from './command.ts';
import { UsageError } from './command.ts';

/**
 * The commands that the first words name, and the words behind the name: one command, or with its first word alone all of a group, such
 * as `memory`. Throws UsageError.
 */
export function findCommands(
  words: readonly string[],
  commands: readonly Command[],
): { readonly found: readonly Command[]; readonly rest: readonly string[] } {
  const [first = '', second] = words;
  const known = commands.filter(({ name }) => wordOf(name) === first);
  if (known.length === 0) throw unknown(first, [...new Set(commands.map(({ name }) => wordOf(name)))]);
  if (known.some(({ name }) => name === first)) return { found: known, rest: words.slice(1) };
  if (second === undefined || second.startsWith('-')) return { found: known, rest: words.slice(1) };
  const found = known.filter(({ name }) => name === `${first} ${second}`);
  if (found.length > 0) return { found, rest: words.slice(2) };
  throw unknown(
    `${first} ${second}`,
    known.map(({ name }) => name),
  );
}

const wordOf = (name: string): string => name.split(' ')[0] ?? name;

const unknown = (name: string, names: readonly string[]): UsageError =>
  new UsageError(`There is no command "${name}".`, meant(nearest(name, names)) ?? 'See `troupe help`.');

/** Throws UsageError. */
export function parseCommandLine(command: Command, words: readonly string[]): Given {
  const help = `See \`troupe help ${command.name}\`.`;
  const options = Object.fromEntries(
    Object.entries(command.flags).map(([name, flag]) => [
      name,
      { type: flag.value === undefined ? ('boolean' as const) : ('string' as const) },
    ]),
  );
  const args = [...words];
  for (const token of parseArgs({ args, options, strict: false, tokens: true }).tokens) {
    if (token.kind !== 'option' || token.name in options) continue;
    const known = nearest(token.name, Object.keys(options));
    throw new UsageError(
      `\`troupe ${command.name}\` has no flag ${token.rawName}.`,
      meant(known && `--${known}`) ?? help,
    );
  }
  const { values, positionals } = strictly(() => parseArgs({ args, options, allowPositionals: true }), help);
  return {
    argument: argumentOf(command, positionals, help),
    text(flag) {
      const value = values[flag];
      return typeof value === 'string' ? value : undefined;
    },
    isOn: (flag) => values[flag] === true,
  };
}

function argumentOf({ name, argument }: Command, words: readonly string[], help: string): string {
  const [first, second] = words;
  if (argument === undefined && first !== undefined)
    throw new UsageError(`\`troupe ${name}\` takes no argument, but got "${first}".`, help);
  if (argument !== undefined && first === undefined)
    throw new UsageError(`\`troupe ${name}\` needs ${argument}.`, help);
  if (second !== undefined)
    throw new UsageError(
      `\`troupe ${name}\` takes one ${argument ?? 'argument'}.`,
      `Quote what has spaces. ${help}`,
    );
  return first ?? '';
}

/** What Node refuses here is a flag without its value, or a switch with one. */
function strictly<T>(parse: () => T, help: string): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new UsageError(error.message.split('\n')[0] ?? '', help);
  }
}

const meant = (name: string | undefined): string | undefined =>
  name === undefined ? undefined : `Did you mean ${name}?`;

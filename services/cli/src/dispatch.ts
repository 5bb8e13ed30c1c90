// From the words of a command line to a command: finds it, and hands it what it is given.
import { VERSION } from '@troupe/shared';
import type { Command } from './command.ts';
import { UsageError } from './command.ts';
import { cancel } from './commands/cancel.ts';
import { doctor } from './commands/doctor.ts';
import { events } from './commands/events.ts';
import { list } from './commands/list.ts';
import { exportMemory } from './commands/memory/export.ts';
import { forget } from './commands/memory/forget.ts';
import { listMemory } from './commands/memory/list.ts';
import { rebuild } from './commands/memory/rebuild.ts';
import { search } from './commands/memory/search.ts';
import { vacuum } from './commands/memory/vacuum.ts';
import { provision } from './commands/provision.ts';
import { result } from './commands/result.ts';
import { run } from './commands/run.ts';
import { EXIT } from './exit-codes.ts';
import { overview, usage } from './help.ts';
import { findCommands, parseCommandLine } from './parse-command-line.ts';

const help: Command = {
  name: 'help',
  says: 'prints this, or the flags of a command',
  flags: {},
  run: () => Promise.resolve(printed(overview(commands))),
};
const memory = [search, listMemory, forget, rebuild, exportMemory, vacuum];
const commands = [run, result, events, cancel, list, ...memory, doctor, provision, help];

/** Resolves with the exit code. Throws UsageError before anything is connected, and what the command throws. */
export async function dispatch(words: readonly string[], interrupted: AbortSignal): Promise<number> {
  const [name, topic] = words;
  if (name === undefined) {
    process.stderr.write(overview(commands));
    return EXIT.usage;
  }
  if (name === '--version' || name === '-v') return printed(`${VERSION}\n`);
  if (name === '--help' || name === '-h') return printed(overview(commands));
  if (name === 'help' && topic !== undefined)
    return printed(usageOf(findCommands(words.slice(1), commands).found));
  const { found, rest } = findCommands(words, commands);
  if (rest.includes('--help') || rest.includes('-h')) return printed(usageOf(found));
  const [command, other] = found;
  if (command === undefined || other !== undefined) throw halfNamed(name, found);
  return command.run(parseCommandLine(command, rest), interrupted);
}

const usageOf = (found: readonly Command[]): string => found.map(usage).join('\n');

const halfNamed = (group: string, members: readonly Command[]): UsageError =>
  new UsageError(
    `\`troupe ${group}\` alone says too little.`,
    `Say one of: ${members.map(({ name }) => name).join(', ')}. See \`troupe help ${group}\`.`,
  );

function printed(text: string): number {
  process.stdout.write(text);
  return EXIT.ok;
}

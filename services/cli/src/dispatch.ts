// From the words of a command line to a command: finds it, and hands it what it is given.
import { VERSION } from '@troupe/shared';
import type { Command } from './command.ts';
import { cancel } from './commands/cancel.ts';
import { doctor } from './commands/doctor.ts';
import { events } from './commands/events.ts';
import { list } from './commands/list.ts';
import { provision } from './commands/provision.ts';
import { result } from './commands/result.ts';
import { run } from './commands/run.ts';
import { EXIT } from './exit-codes.ts';
import { overview, usage } from './help.ts';
import { findCommand, parseCommandLine } from './parse-command-line.ts';

const help: Command = {
  name: 'help',
  says: 'prints this, or the flags of a command',
  flags: {},
  run: () => Promise.resolve(printed(overview(commands))),
};
const commands = [run, result, events, cancel, list, doctor, provision, help];

/** Resolves with the exit code. Throws UsageError before anything is connected, and what the command throws. */
export async function dispatch(words: readonly string[], interrupted: AbortSignal): Promise<number> {
  const [name, ...rest] = words;
  if (name === undefined) {
    process.stderr.write(overview(commands));
    return EXIT.usage;
  }
  if (name === '--version' || name === '-v') return printed(`${VERSION}\n`);
  if (name === '--help' || name === '-h') return printed(overview(commands));
  const [topic] = rest;
  if (name === 'help' && topic !== undefined) return printed(usage(findCommand(topic, commands)));
  const command = findCommand(name, commands);
  if (rest.includes('--help') || rest.includes('-h')) return printed(usage(command));
  return command.run(parseCommandLine(command, rest), interrupted);
}

function printed(text: string): number {
  process.stdout.write(text);
  return EXIT.ok;
}

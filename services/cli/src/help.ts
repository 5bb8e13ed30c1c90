// The texts of `troupe help`, made from the commands themselves. Pure.
import type { Command, Flag } from './command.ts';
import { EXIT, EXIT_MEANINGS } from './exit-codes.ts';

export const overview = (commands: readonly Command[]): string => `troupe runs LLM agent workflows on NATS

${table(commands.map((command) => [signature(command), command.says]))}

Results go to stdout, everything else to stderr. Flags of a command: troupe help <command>
The server is NATS_URL (nats://127.0.0.1:4222); every variable: docs/configuration.md

Exit codes
${table(Object.entries(EXIT).map(([name, code]) => [String(code), EXIT_MEANINGS[name as keyof typeof EXIT]]))}
`;

export const usage = (command: Command): string => `troupe ${signature(command)}

  ${command.says}

${table(Object.entries(command.flags).map(([name, flag]) => [flagged(name, flag), flag.says]))}
`;

const signature = ({ name, argument }: Command): string =>
  argument === undefined ? name : `${name} ${argument}`;

const flagged = (name: string, { value }: Flag): string =>
  value === undefined ? `--${name}` : `--${name} <${value}>`;

function table(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(0, ...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}   ${right}`).join('\n');
}

// The text of a `.env` file as variables. Node's own parser reads it; it silently skips what it does not understand, so the lines
// are checked before. Nothing here touches the process's environment, and no value stands in an error.
import { parseEnv } from 'node:util';
import { StartupError } from './errors.ts';

const BLANK_OR_COMMENT = /^\s*(#.*)?$/;
const ASSIGNMENT = /^\s*(?:export\s+)?[A-Za-z_]\w*\s*=\s*(?<value>.*)$/;
const QUOTES: ReadonlySet<string> = new Set(['"', "'", '`']);

/** Throws StartupError `invalid_env_file`, which names the number of the line. */
export function parseEnvFile(text: string, name: string): Record<string, string> {
  const lines = text.split(/\r?\n/);
  for (let i = 0; i < lines.length; i += 1) {
    const line = lines[i] ?? '';
    if (BLANK_OR_COMMENT.test(line)) continue;
    const value = ASSIGNMENT.exec(line)?.groups?.['value'];
    if (value === undefined) throw malformed(name, i + 1, 'is not NAME=value');
    const quote = value.charAt(0);
    if (!QUOTES.has(quote) || value.includes(quote, 1)) continue;
    const closing = lines.findIndex((later, n) => n > i && later.includes(quote));
    if (closing === -1) throw malformed(name, i + 1, 'opens a quote that is never closed');
    i = closing;
  }
  // Since every line is an assignment or a comment, each value is there.
  return parseEnv(text) as Record<string, string>;
}

const malformed = (name: string, line: number, what: string): StartupError =>
  new StartupError({
    code: 'invalid_env_file',
    message: `${name}: line ${line} ${what}.`,
    hint: 'Write NAME=value, close every quote, and begin comments with #.',
  });

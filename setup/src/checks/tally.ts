// Adds up the closing lines of several `node --test` runs, which Nx prints one after the other. A run that ends without
// closing lines counts nothing: its exit code tells.

export type Tally = { readonly passed: number; readonly failed: number };

const COLOURS = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g');
const CLOSING = /ℹ (pass|fail|cancelled) (\d+)$/;

/** The tally after one more line of output. Cancelled tests count as failed: what they guarantee was not seen. */
export function tallied(tally: Tally, line: string): Tally {
  const [, kind, count = '0'] = CLOSING.exec(line.replace(COLOURS, '').trimEnd()) ?? [];
  if (kind === undefined) return tally;
  const { passed, failed } = tally;
  return kind === 'pass'
    ? { passed: passed + Number(count), failed }
    : { passed, failed: failed + Number(count) };
}

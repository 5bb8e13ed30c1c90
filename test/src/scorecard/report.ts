// The scorecard for people.
import { aligned } from '../support/aligned.ts';
import type { Result, Verdict } from './scenario.ts';

const HEAD = ['', 'dialect', 'verdict', 'what the caller got', 'what the provider saw', 'ms'];

export function tableOf(results: readonly Result[]): string {
  const rows = results.map(({ scenario, title, dialect, verdict, caller, provider, ms }) => [
    `${scenario} ${title}`,
    ...[dialect, verdict, caller, provider, String(ms)],
  ]);
  return `${aligned([HEAD, ...rows], '  ').join('\n')}\n\n${summaryOf(results)}\n`;
}

/** How many of each verdict there are, of the common scenarios and of our own. */
function summaryOf(results: readonly Result[]): string {
  const count = (family: string): string => {
    const verdicts = results
      .filter(({ scenario }) => scenario.startsWith(family))
      .map(({ verdict }) => verdict);
    const kinds: readonly Verdict[] = ['pass', 'partial', 'safe', 'fail', 'left_out'];
    const counted = kinds.map(
      (kind) => [kind, verdicts.filter((verdict) => verdict === kind).length] as const,
    );
    const said = counted.filter(([, n]) => n > 0).map(([kind, n]) => `${n} ${kind}`);
    return `${family}: ${said.join(', ') || 'none'}`;
  };
  return [count('S'), count('G')].join('; ');
}

export const isGood = ({ verdict }: Result): boolean => verdict === 'pass' || verdict === 'left_out';

/** The result for programs. */
export const plainOf = ({ scenario, dialect, verdict, caller, provider, ms }: Result): object => ({
  ...{ scenario, dialect, verdict, caller, provider, ms },
});

// The rule by which every component is found: the ways are tried in the order given, the first usable find wins, and
// what was refused is said by name. It knows nothing about any particular component.
import { SetupError } from '../setup-error.ts';
import type { Environment } from './command.ts';
import type { SystemPackages } from './debian-packages.ts';

export type Source = 'variable' | 'path' | 'cache' | 'lockfile' | 'system-packages' | 'python-package';

/** A program that was seen to run: start it as `command ...args`. */
export type Found = {
  readonly command: string;
  readonly args: readonly string[];
  readonly version: string;
  readonly source: Source;
};

export type FindOptions = {
  readonly env: Environment;
  /** The folder (git-ignored) that keeps what was unpacked. */
  readonly localDir: string;
  readonly report: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
  /** Where packages come from; tests put others in their place. */
  readonly origins?: Origins;
};

export type Origins = {
  /** File of an installed npm package's entry point, undefined when it is not installed. */
  readonly installed: (name: string) => string | undefined;
  readonly systemPackages: SystemPackages | undefined;
};

export type Verdict =
  | {
      readonly kind: 'usable';
      readonly command: string;
      readonly args: readonly string[];
      readonly version: string;
    }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'absent' };

export type Way = { readonly source: Source; readonly look: () => Promise<Verdict> };

export const absent: Verdict = { kind: 'absent' };

/**
 * The first usable verdict. A variable that names something unusable is an error at once (`component_refused`): who
 * sets it means it. If no way succeeds: `component_missing`, with everything that was refused and `fixes`.
 */
export async function search(
  component: string,
  ways: readonly Way[],
  fixes: readonly string[],
  { report, signal }: Pick<FindOptions, 'report' | 'signal'>,
): Promise<Found> {
  const refused: string[] = [];
  for (const { source, look } of ways) {
    signal?.throwIfAborted();
    const verdict = await look().catch((error: unknown): Verdict => {
      signal?.throwIfAborted();
      return {
        kind: 'refused',
        reason: `${component}: ${error instanceof Error ? error.message : String(error)}`,
      };
    });
    switch (verdict.kind) {
      case 'absent':
        break;
      case 'usable':
        return { command: verdict.command, args: verdict.args, version: verdict.version, source };
      case 'refused':
        if (source === 'variable') throw new SetupError('component_refused', verdict.reason);
        report(verdict.reason);
        refused.push(verdict.reason);
        break;
    }
  }
  const why = refused.length === 0 ? 'nothing was found' : refused.join('; ');
  throw new SetupError(
    'component_missing',
    [`${component} is missing: ${why}`, 'Do one of these:', ...fixes.map((fix) => `  - ${fix}`)].join('\n'),
  );
}

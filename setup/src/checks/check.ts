// The shape of a check on the sources: it gets the checkout, and finds nothing or something to show.
import type { Environment } from '../components/command.ts';

export type CheckContext = {
  readonly root: string;
  readonly env: Environment;
  readonly signal?: AbortSignal | undefined;
  /** Told of what takes time or was refused on the way to the check's tool. */
  readonly report?: (line: string) => void;
};

export type Finding =
  | { readonly ok: true; readonly note?: string }
  /** The tool of this check cannot be had here: said, but no reason to fail. */
  | { readonly ok: 'not run'; readonly why: string }
  | { readonly ok: false; readonly output: string };

export type Check = { readonly name: string; readonly find: (context: CheckContext) => Promise<Finding> };

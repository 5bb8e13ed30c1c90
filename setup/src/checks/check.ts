// The shape of a check on the sources: it gets the checkout, and finds nothing or something to show.
import type { Environment } from '../components/command.ts';

export type CheckContext = {
  readonly root: string;
  readonly env: Environment;
  readonly signal?: AbortSignal | undefined;
};

export type Finding =
  | { readonly ok: true; readonly note?: string }
  | { readonly ok: false; readonly output: string };

export type Check = { readonly name: string; readonly find: (context: CheckContext) => Promise<Finding> };

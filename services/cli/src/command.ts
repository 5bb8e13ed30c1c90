// What a command of the command line is, and what it is given: data, so that parsing and help are written once.

export interface Flag {
  /** Names the value in the help; a flag without it is a switch. */
  readonly value?: string;
  readonly says: string;
}

export interface Command {
  readonly name: string;
  readonly says: string;
  /** The one argument beside the flags, as the help names it; a command without it takes none. */
  readonly argument?: string;
  readonly flags: Readonly<Record<string, Flag>>;
  /** Resolves with the exit code. Talks on stderr; stdout belongs to results. */
  readonly run: (given: Given, interrupted: AbortSignal) => Promise<number>;
}

export interface Given {
  /** Empty where the command takes none. */
  readonly argument: string;
  readonly text: (flag: string) => string | undefined;
  readonly isOn: (flag: string) => boolean;
}

/** The command line was called wrongly; `hint` says how it is called. */
export class UsageError extends Error {
  override name = 'UsageError';
  readonly hint: string;
  constructor(message: string, hint: string) {
    super(message);
    this.hint = hint;
  }
}

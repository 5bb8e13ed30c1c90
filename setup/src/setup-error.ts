// The one error of this package. Its message is written for the person at the terminal: what happened, why, and what
// to do. It never carries a mirror's address or the content of the environment.

export type SetupErrorCode =
  | 'component_missing' // nothing usable was found anywhere
  | 'component_refused' // a variable names something unusable
  | 'command_failed' // a tool that setup runs (tar, apt-get …) failed
  | 'port_taken' // a port that was asked for is in use
  | 'process_ended' // a server or service ended before it was ready
  | 'not_ready'; // it runs, but did not become ready in time

export class SetupError extends Error {
  readonly code: SetupErrorCode;

  constructor(code: SetupErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SetupError';
    this.code = code;
  }
}

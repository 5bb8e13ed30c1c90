// How long everything in a model call may take, in one place, so that a test can run the whole service on a faster clock. What an
// operator may choose (AGENT_LLM_TIMEOUT_SECONDS, AGENT_HTTP_BASE_BACKOFF_SECONDS) is configuration and not here. All milliseconds.

export const TIMES = {
  /** One turn, over all targets, attempts and waits. */
  turn: 120_000,
  /** With less time than this an attempt is not begun. */
  minUseful: 2_000,
  /** For a connection to a provider. */
  connect: 3_000,
  /** No wait of our own choice between two attempts is longer. */
  maxBackoff: 8_000,
  /** How long a provider may keep a stream open behind its last event before we hang up: the answer is whole already. */
  endOfStream: 250,
  /** The window in which retries are held to a share of the requests. */
  retryWindow: 10_000,
  /** How long a target is left alone once its circuit has opened. */
  circuitOpen: 60_000,
  /** The window over which a target's failures are weighed against its calls. */
  circuitWindow: 30_000,
  /** When another gateway may probe a target, should whoever does never tell what came of it. */
  probeLease: 30_000,
  /** How soon a call asks again for a target that another one probes. */
  probeAskAgain: 1_000,
  /** How long a key is spared that was limited without saying for how long. */
  keyThrottled: 1_000,
  /** How long a key is spared whose account is empty, or that may not use a model. */
  keyExhausted: 3_600_000,
  keyMasked: 600_000,
  /** Where every key is revoked, how often one is tried again. */
  keyRetrial: 60_000,
  /** How often files with keys are read. */
  keyFiles: 5_000,
};

export type Times = Readonly<typeof TIMES>;

/** Every time multiplied by `factor`. */
export const scaled = (times: Times, factor: number): Times =>
  Object.fromEntries(Object.entries(times).map(([name, ms]) => [name, ms * factor])) as typeof TIMES;

// The life of a service process, the same for all: connect, compare the server with what is declared, start, say ready,
// work, and on a signal stop taking work, finish what is in hand, close. A second signal ends it at once.
import type { Actor } from './actor.ts';
import type { KernelConfig } from './config.ts';
import { variablesNobodyReads } from './config.ts';
import { StartupError } from './errors.ts';
import type { Kernel } from './kernel.ts';
import { openKernel } from './kernel.ts';
import { createLogger } from './logger.ts';
import { bind } from './provision/provision.ts';
import { readiness } from './telemetry/readiness.ts';
import { startStatusServer } from './telemetry/status-server.ts';
import { openTelemetry } from './telemetry/telemetry.ts';

/** What a started service hands back: drained, together with the queries that it answers, then closed in order. */
export interface Running {
  readonly actors: readonly Actor[];
  readonly closes?: readonly AsyncDisposable[];
}

export interface ServiceOptions<Config extends KernelConfig> {
  readonly name: string;
  readonly readConfig: () => Config;
  /** `onFatal` ends the process with an error: the supervisor starts it anew. */
  readonly start: (kernel: Kernel, config: Config, onFatal: (error: Error) => void) => Promise<Running>;
}

/** Shorter than the AckWait of slow work, so that what is not finished is delivered elsewhere soon. */
const DRAIN_GRACE_MS = 10_000;

/** Runs until a signal (exit code 0) or a fault (exit code 1, said on stderr with what to do). */
export async function runService<Config extends KernelConfig>(
  options: ServiceOptions<Config>,
): Promise<void> {
  try {
    const config = options.readConfig();
    const logger = createLogger(options.name, config.LOG_LEVEL);
    for (const warning of variablesNobodyReads()) logger.warn(warning);
    const ended = endOfService();
    await using telemetry = await openTelemetry(options.name, config, logger);
    const state = readiness();
    await using status = await startStatusServer({
      host: config.AGENT_METRICS_HOST,
      port: config.AGENT_METRICS_PORT,
      registry: telemetry.metrics.registry,
      unready: state.unready,
      logger,
    });
    const { metricsUrl: metrics_url } = status;
    await using kernel = await openKernel({
      url: config.NATS_URL,
      name: options.name,
      logger,
      telemetry,
      metadata: metrics_url === undefined ? {} : { metrics_url },
    });
    await bind(kernel.connection);
    const running = await options.start(kernel, config, ended.fail);
    await kernel.micro.announce();
    state.ready(kernel.connection);
    logger.info({ pid: process.pid, metrics_url }, 'ready');
    const reason = await ended.promise;
    state.draining();
    logger.info({ reason }, 'draining');
    await Promise.all([...running.actors, kernel.micro].map((taking) => taking.drain(DRAIN_GRACE_MS)));
    for (const opened of running.closes ?? []) await opened[Symbol.asyncDispose]();
  } catch (error) {
    process.stderr.write(`${options.name}: ${tell(error)}\n`);
    process.exitCode = 1;
  }
  // Whatever a library left open must not keep a drained process alive.
  setTimeout(() => process.exit(), 1_000).unref();
}

const tell = (error: unknown): string => {
  if (error instanceof StartupError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
};

function endOfService(): { promise: Promise<string>; fail: (error: Error) => void } {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  promise.catch(() => undefined);
  const onSignal = (signal: string): void => {
    process.once(signal, () => process.exit(130));
    resolve(signal);
  };
  for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => onSignal(signal));
  return { promise, fail: reject };
}

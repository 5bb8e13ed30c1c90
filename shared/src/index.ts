// The kernel, for services and tests.
export { NoLongerWanted } from './aborts.ts';
export type { Actor, ActorOptions } from './actor.ts';
export { startActor } from './actor.ts';
export { BLOBS_BUCKET, planOffload } from './blobs.ts';
export {
  defaultOf,
  environment,
  flag,
  httpUrl,
  integerBetween,
  kernelSettings,
  numberBetween,
  oneOf,
  pathOf,
  readSettings,
  secret,
  secretFile,
  secretList,
  variablesNobodyReads,
} from './config.ts';
export type { Environment } from './config.ts';
export type { Entries, Entry } from './entries.ts';
export { openEntries } from './entries.ts';
export { eraseMessages, subjectsOf } from './erase.ts';
export { describeBug, RetryableError, StartupError, TerminalError } from './errors.ts';
export { openKernel } from './kernel.ts';
export type { Kernel } from './kernel.ts';
export type { Append, Appended } from './log/append.ts';
export { isOpen, lastPosition } from './log/append.ts';
export { knownVariables } from './known-variables.ts';
export { createLeases } from './leases.ts';
export type { Lease, Leases } from './leases.ts';
export type { LogReader } from './log/read.ts';
export { createLogger } from './logger.ts';
export type { Logger } from './logger.ts';
export { nearest } from './nearest.ts';
export type { Delivery } from './nats/delivery.ts';
export { DirectReader } from './nats/direct.ts';
export type { Publisher, PublishOutcome } from './nats/publisher.ts';
export {
  BUDGETS_BUCKET,
  CIRCUITS_BUCKET,
  CLOCK_STREAM,
  ARCHIVE_STREAM,
  DEAD_STREAM,
  declaredConsumers,
  DOOR_STREAM,
  GIVEN_UP_CONSUMER,
  LEDGER_STREAM,
  LOG_STREAM,
  MEMORY_JOBS_BUCKET,
  MEMORY_KEYS_BUCKET,
  plannerConsumer,
  RUNS_CONSUMER,
} from './provision/declared.ts';
export { checkServer, differences } from './provision/self-test.ts';
export { bind, provision, streamId } from './provision/provision.ts';
export { callRpc, serveRpc } from './rpc.ts';
export type { RunEntry, RunsView } from './runs-view.ts';
export type { Running } from './service.ts';
export { runService } from './service.ts';
export { UNTIL_MENDED } from './settle.ts';
export { errorTypeOf } from './telemetry/error-type.ts';
export { GatewayMetrics } from './telemetry/gateway-metrics.ts';
export { MemoryMetrics } from './telemetry/memory-metrics.ts';
export type { LlmCallStatus, Metrics, ToolCallStatus } from './telemetry/metrics.ts';
export { silentTelemetry } from './telemetry/telemetry.ts';
export type { FinishedSpan, SpanDescription, Tracer } from './telemetry/tracing.ts';
export { VERSION } from './telemetry/version.ts';
export { messagingAttributes, runAttributes, spanName } from './telemetry/work-span.ts';
export type { ToolDirectory } from './tools.ts';
export { ackWaitMsOf, startWorker } from './worker.ts';
export type { Outcome, WorkContext, WorkerOptions } from './worker.ts';
export type { Write } from './log/write-for.ts';
export { writeFor } from './log/write-for.ts';
export { readGivenUp } from './given-up.ts';

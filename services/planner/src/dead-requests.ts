// Requests that no worker ever settled, because each died over them: the server gave them up, so nobody will answer. The run is told
// that the request failed, and decides for itself how to go on; whatever it was, a dead letter says so.
import type { Failure, LogEvent, RequestType, StoredEvent } from '@troupe/contracts';
import { ContractError, decodeEvent, OUTCOMES } from '@troupe/contracts';
import type { Actor, Delivery, Kernel, Write } from '@troupe/shared';
import {
  ackWaitMsOf,
  DEAD_STREAM,
  GIVEN_UP_CONSUMER,
  isOpen,
  LOG_STREAM,
  readGivenUp,
  startActor,
  UNTIL_MENDED,
  writeFor,
} from '@troupe/shared';
import { GIVEN_UP } from './core/sources.ts';

const CONCURRENCY = 16;

/** Follows the server's advisories until drained. */
export function startDeadRequests(kernel: Kernel, onFatal: (error: Error) => void): Actor {
  const { connection, deadLetters, suspects, logger, metrics } = kernel;
  return startActor({
    connection,
    stream: DEAD_STREAM,
    consumer: GIVEN_UP_CONSUMER,
    concurrency: CONCURRENCY,
    ackWaitMs: ackWaitMsOf(GIVEN_UP_CONSUMER),
    // A request without an answer would strand its run.
    maxAttempts: UNTIL_MENDED,
    deadLetters,
    suspects,
    logger,
    metrics,
    onFatal,
    handle: (delivery) => settle(kernel, delivery),
  });
}

async function settle(kernel: Kernel, delivery: Delivery): Promise<void> {
  const { stream, consumer, attempts, message, failure } = await readGivenUp(kernel.connection, delivery);
  if (message === undefined) return;
  const request = stream === LOG_STREAM ? requestIn(message) : undefined;
  if (request !== undefined) await answer(kernel, request, failure);
  await kernel.deadLetters.put(consumer, { ...message, attempt: attempts }, failure);
}

function requestIn(message: Parameters<typeof decodeEvent>[0]): LogEvent<RequestType> | undefined {
  try {
    const event = decodeEvent(message);
    return isRequest(event) ? event : undefined;
  } catch (error) {
    if (error instanceof ContractError) return undefined;
    throw error;
  }
}

const isRequest = (event: StoredEvent): event is LogEvent<RequestType> => event.type in OUTCOMES;

/** Nothing is written for a request that is closed: by its outcome, by its cancellation or by the end of its run. */
async function answer(kernel: Kernel, request: LogEvent<RequestType>, error: Failure): Promise<void> {
  const write = writeFor({
    append: kernel.log.append,
    source: GIVEN_UP,
    request,
    after: request.position,
    isClosedBy: (tail) => !isOpen(request, OUTCOMES[request.type], tail),
  });
  switch (request.type) {
    case 'memory.requested':
      await write('memory.failed', 'outcome', { error });
      return;
    case 'llm.requested':
      // Providers may have been asked, and paid, by those who died.
      await write('llm.failed', 'outcome', { error, attempts: 0, cost_nano_usd: null });
      return;
    case 'tool.requested':
      return answerCall(write, request, error);
  }
}

/** The call may have been made, and its worker died afterwards. A job that a call began and that nobody ends has failed as well. */
async function answerCall(write: Write, { data }: LogEvent<'tool.requested'>, error: Failure): Promise<void> {
  const { tool, call_id } = data;
  const failed = { tool: tool.name, call_id, error, retryable: true, outcome: 'unknown' } as const;
  const written = await write('tool.failed', 'outcome', failed);
  if (written.kind !== 'present' || written.event.type !== 'tool.completed') return;
  const { job_id } = written.event.data;
  if (job_id !== undefined) await write('job.failed', 'job', { job_id, error });
}

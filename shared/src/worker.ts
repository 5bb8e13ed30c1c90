// A worker: takes requests of one type from the log, does the work, writes the outcome into the log.
//  W1  A delivery is never trusted to be new: before an act that costs money or leaves the process, the log behind the
//      request is read; an outcome, a cancellation or the end of the run found there means there is nothing to do.
//  W2  A result is written only while its request is open; otherwise it is late: counted, dropped, acked.
//  W3  A request that is given up is followed by its failure, so that no run waits for ever.
//  W4  Work that acts is stopped when its request is closed meanwhile: cancelled, out of time, answered by another.
import type {
  DataOf,
  Envelope,
  Failure,
  LogEvent,
  OutcomeType,
  RequestType,
  Service,
  StoredEvent,
} from '@troupe/contracts';
import { ContractError, decodeEvent, OUTCOMES } from '@troupe/contracts';
import type { Actor } from './actor.ts';
import { startActor } from './actor.ts';
import type { Kernel } from './kernel.ts';
import { isOpen } from './log/append.ts';
import type { Write } from './log/write-for.ts';
import { writeFor } from './log/write-for.ts';
import type { Delivery } from './nats/delivery.ts';
import { declaredConsumers, LOG_STREAM } from './provision/declared.ts';
import { currentSpan, currentTraceparent } from './telemetry/current.ts';
import { workSpan } from './telemetry/work-span.ts';

/** What the work came to: an expected failure is an outcome like success. */
export type Outcome<Request extends RequestType> = {
  [Type in Exclude<OutcomeType<Request>, `${string}.cancelled`>]: {
    readonly type: Type;
    readonly data: DataOf<Type>;
  };
}[Exclude<OutcomeType<Request>, `${string}.cancelled`>];

export interface WorkContext {
  /** Aborts when the process drains or the request is closed by others (W4); pass it to everything that waits. */
  readonly signal: AbortSignal;
  /** What stood behind the request when the work began; only for workers that act. */
  readonly behind: readonly StoredEvent[];
  readonly write: Write;
}

export interface WorkerOptions<Request extends RequestType> {
  readonly kernel: Kernel;
  readonly service: Service;
  readonly request: Request;
  /** The durable consumer, as declared. */
  readonly consumer: string;
  readonly concurrency: number;
  readonly maxAttempts: number;
  /** Whether the work costs money or leaves the process (W1). */
  readonly acts: boolean;
  /** Whether the request needs nothing more, given what stands behind it. By default: it is not open. */
  readonly isSettled?: (request: LogEvent<Request>, behind: readonly StoredEvent[]) => boolean;
  readonly handle: (request: LogEvent<Request>, context: WorkContext) => Promise<Outcome<Request>>;
  /** The outcome that says that the request was given up (W3); `write` is for what must be told beside it. */
  readonly givenUp: (
    request: LogEvent<Request>,
    failure: Failure,
    write: Write,
  ) => Outcome<Request> | Promise<Outcome<Request>>;
  /**
   * Called when a request that was delivered before turns out to need nothing more: for what a worker that died over it may have left
   * open elsewhere. The ack waits for it, so it bounds itself; what it throws is logged.
   */
  readonly onSettled?: (request: LogEvent<Request>) => Promise<void>;
  readonly onFatal: (error: Error) => void;
}

export function startWorker<Request extends RequestType>(options: WorkerOptions<Request>): Actor {
  const { kernel, handle, givenUp, acts } = options;
  const closing: readonly string[] = OUTCOMES[options.request];
  const isSettled = options.isSettled ?? ((request, behind) => !isOpen(request, closing, behind));

  const writer = (request: LogEvent<Request>, behind: readonly StoredEvent[], signal: AbortSignal): Write =>
    writeFor({
      signal,
      append: kernel.log.append,
      source: `/troupe/${options.service}`,
      request,
      after: behind.at(-1)?.position ?? request.position,
      behind,
      isClosedBy: (tail) => isSettled(request, tail),
      traceparent: currentTraceparent(),
    });

  function requestIn(delivery: Delivery): LogEvent<Request> {
    const event = decodeEvent(delivery);
    if (event.type !== options.request)
      throw new ContractError(`${event.type} was delivered to ${options.consumer}`);
    return event as LogEvent<Request>;
  }

  async function finish(write: Write, outcome: Outcome<Request>): Promise<void> {
    if ('error' in outcome.data) currentSpan().fail((outcome.data as { error: Failure }).error.code);
    const written = await write(outcome.type, 'outcome', outcome.data);
    if (written.kind === 'closed') kernel.logger.info({ outcome: outcome.type }, 'late result, not written');
  }

  async function work(request: LogEvent<Request>, delivery: Delivery, signal: AbortSignal): Promise<void> {
    if (!acts) {
      const write = writer(request, [], signal);
      return finish(write, await handle(request, { signal, behind: [], write }));
    }
    // Before the log is read: what closes the request from now on is either read or knocked for.
    using watch = kernel.aborts.watch(request, async () =>
      isSettled(request, await eventsBehind(kernel, request)),
    );
    const behind = await eventsBehind(kernel, request);
    if (isSettled(request, behind)) {
      await tellSettled(request, delivery, options);
      return;
    }
    const write = writer(request, behind, signal);
    const context = { signal: AbortSignal.any([signal, watch.signal]), behind, write };
    const outcome = await handle(request, context).catch((error: unknown) => {
      if (!watch.signal.aborted) throw error;
    });
    if (outcome !== undefined) await finish(write, outcome);
    else {
      kernel.logger.info('work stopped: no longer wanted');
      await tellSettled(request, delivery, options);
    }
  }

  return startActor({
    connection: kernel.connection,
    stream: LOG_STREAM,
    consumer: options.consumer,
    concurrency: options.concurrency,
    ackWaitMs: ackWaitMsOf(options.consumer),
    maxAttempts: options.maxAttempts,
    deadLetters: kernel.deadLetters,
    suspects: kernel.suspects,
    logger: kernel.logger,
    metrics: kernel.metrics,
    onFatal: options.onFatal,
    handle: (delivery, signal) => {
      const request = requestIn(delivery);
      return kernel.tracer.span(
        () => workSpan(request, delivery, options.consumer),
        () => work(request, delivery, signal),
      );
    },
    async onDead(delivery, failure, signal) {
      // There is no request to answer, or no log to write the answer into.
      if (failure.code === 'contract_broken') return;
      const request = requestIn(delivery);
      const write = writer(request, [], signal);
      await finish(write, await givenUp(request, failure, write));
    },
  });
}

/** Nobody left anything behind before the first delivery. */
async function tellSettled<Request extends RequestType>(
  request: LogEvent<Request>,
  { attempt }: Delivery,
  { kernel, onSettled }: Pick<WorkerOptions<Request>, 'kernel' | 'onSettled'>,
): Promise<void> {
  if (attempt === 1) return;
  await onSettled?.(request).catch((err: unknown) => {
    kernel.logger.warn({ err }, 'what an earlier delivery left open is not closed');
  });
}

async function eventsBehind({ log }: Kernel, { position, user, workflow }: Envelope): Promise<StoredEvent[]> {
  const head = await log.read.headSeq({ user, workflow });
  return head <= position.seq ? [] : log.read.tail(position.seq, head);
}

/** The AckWait that a durable consumer is declared with. */
export function ackWaitMsOf(consumer: string): number {
  const declared = declaredConsumers().find(({ config }) => config.durable_name === consumer);
  if (declared === undefined) throw new TypeError(`${consumer} is not a declared consumer`);
  return declared.config.ack_wait / 1e6;
}

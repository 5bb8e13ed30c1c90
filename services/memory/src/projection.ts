// Long-term memory as a projection of the log: what completed runs answered and what the tool `remember` was told becomes
// records of the store. It holds no state; deleting the store's data and reading the log again gives the same records.
//  P1  A delivery is acked when the store has the record, and not before.
//  P2  Nothing is given up because something is away: it is tried again until it succeeds. Only what no attempt can ever
//      succeed with (a broken contract, a refused text) becomes a dead letter.
//  P3  A record's id is its event's id, so what is delivered twice is stored once.
import type { LogEvent, StoredEvent } from '@troupe/contracts';
import { ContractError, decodeEvent } from '@troupe/contracts';
import type { Actor, Delivery, Kernel } from '@troupe/shared';
import { ackWaitMsOf, LOG_STREAM, RetryableError, startActor, TerminalError } from '@troupe/shared';
import type { ChromaStore } from './chroma-store.ts';
import type { Embed } from './embedder.ts';
import { outcomeText, rememberedText } from './memory-text.ts';
import type { MemoryRecord } from './store.ts';

const CONSUMER = 'memory-projection';
const REMEMBER_TOOL = 'remember';

/** At the longest pause, days: for a fault that nobody mends by then, a dead letter says more than another attempt. */
const MAX_ATTEMPTS = 10_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 30_000;

export interface ProjectionOptions {
  readonly kernel: Kernel;
  readonly store: Pick<ChromaStore, 'put' | 'check'>;
  readonly embed: Embed;
  readonly concurrency: number;
  readonly onFatal: (error: Error) => void;
}

export function startProjection({ kernel, store, embed, concurrency, onFatal }: ProjectionOptions): Actor {
  async function project(delivery: Delivery): Promise<void> {
    const event = eventIn(delivery);
    const memory = await memoryOf(kernel, event);
    if (memory === undefined) return;
    // Embedding costs money: an attempt that follows a failed one first sees whether the store is there at all.
    if (delivery.attempt > 1) await store.check();
    const { user, workflow, position, storedAt, id } = event;
    await store.put(user, {
      ...memory,
      id,
      workflow,
      embedding: await embed(user, memory.text),
      createdAt: new Date(storedAt),
      eventSeq: position.seq,
    });
  }

  return startActor({
    connection: kernel.connection,
    stream: LOG_STREAM,
    consumer: CONSUMER,
    concurrency,
    ackWaitMs: ackWaitMsOf(CONSUMER),
    maxAttempts: MAX_ATTEMPTS,
    deadLetters: kernel.deadLetters,
    logger: kernel.logger,
    onFatal,
    handle: (delivery) => project(delivery).catch((error: unknown) => retryLater(error, delivery.attempt)),
  });
}

/** What an event leaves in memory; undefined for most. */
async function memoryOf(
  kernel: Kernel,
  event: StoredEvent,
): Promise<Pick<MemoryRecord, 'kind' | 'text'> | undefined> {
  switch (event.type) {
    case 'workflow.completed': {
      const { answer } = event.data;
      return answer === undefined
        ? undefined
        : { kind: 'outcome', text: outcomeText(await goalOf(kernel, event), answer) };
    }
    case 'tool.completed':
      return event.data.tool === REMEMBER_TOOL
        ? { kind: 'remembered', text: rememberedText(await kernel.blobs.load(event.data.output)) }
        : undefined;
    default:
      return undefined;
  }
}

async function goalOf(kernel: Kernel, event: LogEvent<'workflow.completed'>): Promise<string> {
  const [first] = await kernel.log.read.whole(event, event.position.seq);
  if (first?.type === 'workflow.requested') return first.data.goal;
  throw contractBroken(`The log of workflow ${event.workflow} does not begin with workflow.requested.`);
}

function eventIn(delivery: Delivery): StoredEvent {
  try {
    return decodeEvent(delivery);
  } catch (cause) {
    if (!(cause instanceof ContractError)) throw cause;
    throw contractBroken(cause.message, cause);
  }
}

const contractBroken = (message: string, cause?: ContractError): TerminalError =>
  new TerminalError(
    {
      code: 'contract_broken',
      message,
      hint: 'Only services may write the log; check its permissions.',
    },
    { cause },
  );

/** An outage may last: the longer it does, the less often each delivery asks, and at its end none waits long. */
function retryLater(error: unknown, attempt: number): never {
  if (!(error instanceof RetryableError)) throw error;
  const retryAfterMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** attempt);
  throw new RetryableError(error.code, error.message, { retryAfterMs, cause: error });
}

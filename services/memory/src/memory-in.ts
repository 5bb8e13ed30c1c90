// What an event of the log leaves in memory: a completed run its goal and answer, the tool `remember` what it was told,
// everything else nothing. Only reads.
import type { LogEvent, RawMessage, StoredEvent } from '@troupe/contracts';
import { ContractError, decodeEvent, logSubject } from '@troupe/contracts';
import type { DirectReader, Kernel } from '@troupe/shared';
import { TerminalError } from '@troupe/shared';
import { outcomeTexts, rememberedText } from './memory-text.ts';
import type { Memory } from './store.ts';

const REMEMBER_TOOL = 'remember';

interface Reading extends Pick<Kernel, 'log' | 'blobs'> {
  /** Of the log's stream. */
  readonly direct: Pick<DirectReader, 'first'>;
}

/** Undefined for an event that leaves nothing. Throws TerminalError `contract_broken`, `remember_unreadable` or a blob's. */
export type MemoryIn = (
  raw: RawMessage,
) => Promise<{ readonly event: StoredEvent; readonly memories: readonly Memory[] } | undefined>;

export const createMemoryIn =
  (reading: Reading): MemoryIn =>
  async (raw) => {
    const event = eventIn(raw);
    const left = await leftBy(reading, event);
    if (left === undefined) return undefined;
    const { workflow, position, storedAt } = event;
    const memories = left.texts.map((text) => ({
      ...{ kind: left.kind, text, workflow },
      ...{ createdAt: new Date(storedAt), eventSeq: position.seq },
    }));
    return { event, memories };
  };

/** Whether an event leaves something, as far as it tells without being read to its end; false for one that cannot be read. */
export function mayLeaveMemory(raw: RawMessage): boolean {
  try {
    const event = decodeEvent(raw);
    if (event.type === 'workflow.completed') return event.data.answer !== undefined;
    return event.type === 'tool.completed' && event.data.tool === REMEMBER_TOOL;
  } catch (error) {
    if (!(error instanceof ContractError)) throw error;
    return false;
  }
}

async function leftBy(
  reading: Reading,
  event: StoredEvent,
): Promise<{ readonly kind: Memory['kind']; readonly texts: readonly string[] } | undefined> {
  switch (event.type) {
    case 'workflow.completed': {
      const { answer } = event.data;
      return answer === undefined
        ? undefined
        : { kind: 'outcome', texts: outcomeTexts(await goalOf(reading, event), answer) };
    }
    case 'tool.completed':
      return event.data.tool === REMEMBER_TOOL
        ? { kind: 'remembered', texts: [rememberedText(await reading.blobs.load(event.data.output))] }
        : undefined;
    default:
      return undefined;
  }
}

async function goalOf({ direct, log }: Reading, event: LogEvent<'workflow.completed'>): Promise<string> {
  const raw = await direct.first(logSubject('workflow.requested', event));
  // A replica that does not hold it may lag; the whole log is read with care for that.
  const first = raw === undefined ? (await log.read.whole(event, event.position.seq))[0] : eventIn(raw);
  if (first?.type === 'workflow.requested') return first.data.goal;
  throw contractBroken(`The log of workflow ${event.workflow} does not begin with workflow.requested.`);
}

function eventIn(raw: RawMessage): StoredEvent {
  try {
    return decodeEvent(raw);
  } catch (cause) {
    if (!(cause instanceof ContractError)) throw cause;
    throw contractBroken(cause.message, cause);
  }
}

const contractBroken = (message: string, cause?: ContractError): TerminalError =>
  new TerminalError(
    {
      code: 'contract_broken',
      message: message.slice(0, 2_000),
      hint: 'Only services may write the log; check its permissions.',
    },
    { cause },
  );

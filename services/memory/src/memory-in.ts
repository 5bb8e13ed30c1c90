// What an event of the log leaves in memory: a completed run its goal and answer, the tool `remember` what it was told,
// everything else nothing. Only reads.
import type { LogEvent, RawMessage, StoredEvent } from '@troupe/contracts';
import { ContractError, decodeEvent } from '@troupe/contracts';
import type { Kernel } from '@troupe/shared';
import { TerminalError } from '@troupe/shared';
import { outcomeTexts, rememberedText } from './memory-text.ts';
import type { Memory } from './store.ts';

const REMEMBER_TOOL = 'remember';

type Reading = Pick<Kernel, 'log' | 'blobs'>;

/** Undefined for an event that leaves nothing. Throws TerminalError `contract_broken`, `remember_unreadable` or a blob's. */
export async function memoryIn(
  kernel: Reading,
  raw: RawMessage,
): Promise<{ readonly event: StoredEvent; readonly memories: readonly Memory[] } | undefined> {
  const event = eventIn(raw);
  const left = await leftBy(kernel, event);
  if (left === undefined) return undefined;
  const { workflow, position, storedAt } = event;
  const memories = left.texts.map((text) => ({
    ...{ kind: left.kind, text, workflow },
    ...{ createdAt: new Date(storedAt), eventSeq: position.seq },
  }));
  return { event, memories };
}

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
  kernel: Reading,
  event: StoredEvent,
): Promise<{ readonly kind: Memory['kind']; readonly texts: readonly string[] } | undefined> {
  switch (event.type) {
    case 'workflow.completed': {
      const { answer } = event.data;
      return answer === undefined
        ? undefined
        : { kind: 'outcome', texts: outcomeTexts(await goalOf(kernel, event), answer) };
    }
    case 'tool.completed':
      return event.data.tool === REMEMBER_TOOL
        ? { kind: 'remembered', texts: [rememberedText(await kernel.blobs.load(event.data.output))] }
        : undefined;
    default:
      return undefined;
  }
}

async function goalOf({ log }: Reading, event: LogEvent<'workflow.completed'>): Promise<string> {
  const [first] = await log.read.whole(event, event.position.seq);
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

// How the commands of memory reach the memory service, which alone opens what is sealed: by its queries, for one user.
import type { z } from 'zod';
import type { MemoryItem, Rpc, UserId, WorkflowId } from '@troupe/contracts';
import { rpc } from '@troupe/contracts';
import type { Kernel } from '@troupe/shared';
import { callRpc } from '@troupe/shared';
import { say } from '../../terminal.ts';

/** More than a recall takes that waits for the gateway and for Chroma. */
const ANSWERED_WITHIN_MS = 15_000;
const PAGE = 100;

/** The service as one user sees it. Throws what callRpc throws: RetryableError, TerminalError. */
export type Memory = <Definition extends Rpc>(
  definition: Definition,
  request: z.input<Definition['request']>,
) => Promise<z.infer<Definition['response']>>;

export const memoryOf =
  ({ connection }: Pick<Kernel, 'connection'>, user: UserId): Memory =>
  (definition, request) =>
    callRpc(connection, definition, { user, request, timeoutMs: ANSWERED_WITHIN_MS });

export interface Wanted {
  /** Default: of all runs. */
  readonly workflow: WorkflowId | undefined;
  /** Records to read at most. */
  readonly limit: number;
  readonly signal: AbortSignal;
}

/** The user's records, page by page; says at the end what was not read, and why. Throws what `memory` throws, and the signal's reason. */
export async function* recordsOf(
  memory: Memory,
  { workflow, limit, signal }: Wanted,
): AsyncGenerator<MemoryItem, void> {
  let left = limit;
  let after: string | undefined;
  let unreadable = 0;
  let rebuilding = false;
  do {
    signal.throwIfAborted();
    const page = await memory(rpc.listMemory, {
      limit: Math.min(PAGE, left),
      ...(after === undefined ? {} : { after }),
      ...(workflow === undefined ? {} : { workflow_id: workflow }),
    });
    yield* page.records;
    left -= page.records.length;
    after = page.next;
    unreadable += page.unreadable ?? 0;
    rebuilding ||= page.rebuilding ?? false;
  } while (after !== undefined && left > 0);
  if (after !== undefined) say('– There are more.');
  sayWhatIsMissing({ unreadable, rebuilding });
}

/** Why there may be more than was found. */
export function sayWhatIsMissing(found: {
  readonly unreadable?: number | undefined;
  readonly rebuilding?: boolean | undefined;
}): void {
  if (found.unreadable)
    say(`! ${found.unreadable} more could not be opened: see \`memory_sealed\` in docs/errors.md.`);
  if (found.rebuilding) say('! Memory is being rebuilt from the log: there may be more.');
}

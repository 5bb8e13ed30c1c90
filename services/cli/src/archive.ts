// What the archive keeps of a run whose events were erased.
import type { RawMessage, WorkflowKey } from '@troupe/contracts';
import { archiveSubject, ContractError, Skeleton } from '@troupe/contracts';
import type { Kernel } from '@troupe/shared';
import { ARCHIVE_STREAM, DirectReader } from '@troupe/shared';

/**
 * Everything that was erased under this id, as one skeleton: a long run leaves several, and so does an id that was used again. Undefined
 * where nothing was erased. Throws RetryableError `stream_unreadable`, ContractError.
 */
export async function readSkeleton(
  { connection }: Pick<Kernel, 'connection'>,
  key: WorkflowKey,
): Promise<Skeleton | undefined> {
  const stored = await new DirectReader(connection, ARCHIVE_STREAM).allAt(archiveSubject(key));
  const skeletons = stored.map(skeletonIn);
  const last = skeletons.at(-1);
  if (last === undefined) return undefined;
  const events = skeletons.flatMap((skeleton) => skeleton.events).sort((a, b) => a.seq - b.seq);
  return { ...last, events };
}

function skeletonIn({ subject, body }: RawMessage): Skeleton {
  try {
    return Skeleton.parse(JSON.parse(new TextDecoder().decode(body)));
  } catch (cause) {
    throw new ContractError(`what is stored at ${subject} is no skeleton of a run`, { cause });
  }
}

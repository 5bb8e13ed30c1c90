// Asks for a rebuild where a memory is found not to be whole, which many searches and writes may find at once. That nobody could be asked
// is no fault of theirs: the next one that finds it asks again.
import type { UserId } from '@troupe/contracts';
import type { Logger } from '@troupe/shared';
import type { Jobs } from './jobs/jobs.ts';
import { REBUILD } from './queries.ts';

export function createAskRebuild(jobs: Pick<Jobs, 'ask'>, logger: Logger): (user: UserId) => void {
  const asking = new Set<UserId>();
  return (user) => {
    if (asking.has(user)) return;
    asking.add(user);
    jobs
      .ask(user, REBUILD)
      .catch((err: unknown) => logger.warn({ err }, 'a memory that is not whole waits to be rebuilt'))
      .finally(() => asking.delete(user));
  };
}

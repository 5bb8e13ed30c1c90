// What the command line's exit codes mean; `troupe help` prints this table.
import type { WorkflowStatus } from '@troupe/contracts';

export const EXIT = {
  ok: 0,
  unexpected: 1,
  usage: 2,
  workflowFailed: 3,
  waitedTooLong: 4,
  unreachable: 5,
  notFound: 6,
  interrupted: 130,
} as const;

export const EXIT_MEANINGS: Readonly<Record<keyof typeof EXIT, string>> = {
  ok: 'done; the run completed',
  unexpected: 'something unexpected, doctor found a fault, or the answer was no',
  usage: 'called wrongly: an unknown command or flag, a bad id, a wrong variable',
  workflowFailed: 'the run ended otherwise than completed',
  waitedTooLong: 'waited long enough; the run goes on',
  unreachable: 'no NATS server can be reached, or it refused the credentials',
  notFound: 'no such run',
  interrupted: 'interrupted by Ctrl-C; what was begun goes on',
};

export const exitCodeOf = (status: WorkflowStatus): number =>
  status === 'completed' ? EXIT.ok : EXIT.workflowFailed;

// What the command line's exit codes mean; documented in the README.
import type { WorkflowStatus } from '@troupe/contracts';

export const EXIT = { ok: 0, unexpected: 1, usage: 2, workflowFailed: 3, interrupted: 130 } as const;

export const exitCodeOf = (status: WorkflowStatus): number =>
  status === 'completed' ? EXIT.ok : EXIT.workflowFailed;

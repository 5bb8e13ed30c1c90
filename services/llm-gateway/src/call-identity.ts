// Whose model call it is: what the books, the budgets, the queue and the choice of a key go by.
import type { EventId, UserId, WorkflowId } from '@troupe/contracts';

export interface CallIdentity {
  readonly user: UserId;
  readonly workflow: WorkflowId;
  /** The llm.requested that is answered. */
  readonly request: EventId;
}

/** Why a provider is asked: the first call, again after a fault, with another key, as the next target, for a corrected answer. */
export type AttemptKind = 'first' | 'retry' | 'rotate' | 'fallback' | 'repair';

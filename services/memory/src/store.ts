// What the service needs of a vector store. Every call names its user first, so that none can leave the user out; the
// user comes from a subject, never from a body. Who implements it keeps one user's records away from all others.
import type { EventId, MemorySnippet, UserId, WorkflowId } from '@troupe/contracts';

/** A text as a model sees it. Vectors of different models, or of different lengths, are never compared. */
export interface Embedding {
  readonly model: string;
  readonly vector: readonly number[];
}

export interface MemoryRecord {
  /** Of the event that it was made from: writing it twice leaves one record. */
  readonly id: EventId;
  readonly kind: 'outcome' | 'remembered';
  readonly text: string;
  readonly embedding: Embedding;
  readonly workflow: WorkflowId;
  /** The stream's time of the event, and its sequence in the stream. */
  readonly createdAt: Date;
  readonly eventSeq: number;
}

/** Every call is bounded in time. All throw RetryableError `memory_unavailable` and TerminalError `memory_refused`. */
export interface MemoryStore {
  /** Resolves when the store has the record on disk. */
  put(user: UserId, record: MemoryRecord): Promise<void>;
  /** The user's records nearest to `near`, best first; empty for a user of whom nothing is stored. */
  nearest(user: UserId, near: Embedding, limit: number): Promise<MemorySnippet[]>;
}

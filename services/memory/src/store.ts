// What the service needs of a vector store. Every call names its user first, so that none can leave the user out; the
// user comes from a subject, never from a body. Who implements it keeps one user's records away from all others.
import type { UserId, WorkflowId } from '@troupe/contracts';

/** A text as a model sees it. Vectors of different models, or of different lengths, are never compared. */
export interface Embedding {
  readonly model: string;
  readonly vector: readonly number[];
}

export interface Memory {
  readonly kind: 'outcome' | 'remembered';
  readonly text: string;
  readonly workflow: WorkflowId;
  /** The stream's time of the event that left it, and its sequence in the stream. */
  readonly createdAt: Date;
  readonly eventSeq: number;
}

export interface MemoryRecord extends Memory {
  readonly embedding: Embedding;
}

export interface FoundMemory extends Memory {
  /** Cosine similarity: 1 is equal. */
  readonly score: number;
}

export interface Found {
  /** Best first. */
  readonly memories: readonly FoundMemory[];
  /** How many were as near and could not be opened. */
  readonly unreadable: number;
}

/** Every call is bounded in time. All throw RetryableError `memory_unavailable` and TerminalError `memory_refused`. */
export interface MemoryStore {
  /** Resolves when the server answers. */
  check(): Promise<void>;
  /**
   * Resolves when the store has the records on disk. A user's equal texts are one record, that of the newest event: a run
   * repeated every hour would otherwise bury everything else, and what is written twice is there once.
   */
  put(user: UserId, records: readonly MemoryRecord[]): Promise<void>;
  /** The user's records nearest to `near`; none for a user of whom nothing is stored. */
  nearest(user: UserId, near: Embedding, limit: number): Promise<Found>;
}

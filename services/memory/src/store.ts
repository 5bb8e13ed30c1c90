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
  /** There may be more in the log than is here: the user's memory wants to be rebuilt from it. */
  readonly rebuilding: boolean;
}

export interface Query {
  readonly limit: number;
  /** Only what this run left. */
  readonly workflow?: WorkflowId | undefined;
}

/** A record as it is listed; `id` names it, to forget it. */
export interface StoredMemory extends Memory {
  readonly id: string;
}

export interface Page {
  readonly records: readonly StoredMemory[];
  /** Where the next page begins, if more follow. What is forgotten between two pages moves what is behind it. */
  readonly next?: string;
  readonly unreadable: number;
}

export interface Standing {
  /** What made the vectors; undefined where nothing is stored. */
  readonly model: string | undefined;
  /** The last event of the log that is in it; 0 while it is not known to be whole. */
  readonly projected: number;
  readonly rebuilding: boolean;
}

/** Every call is bounded in time. All throw RetryableError `memory_unavailable` and TerminalError `memory_refused`, and what the keyring throws. */
export interface MemoryStore {
  /** Resolves when the server answers. */
  check(): Promise<void>;
  /**
   * Resolves when the store has the records on disk: of one model, and none twice however often they are written. A run's equal texts are
   * one record, and one that is forgotten for good is none. Tells whether the user's memory wants to be rebuilt. Throws RetryableError
   * `memory_rebuilding` where neither what is there nor what takes its place is of the records' model.
   */
  put(user: UserId, records: readonly MemoryRecord[]): Promise<Pick<Found, 'rebuilding'>>;
  /** The user's records nearest to `near`; none for a user of whom nothing is stored. */
  nearest(user: UserId, near: Embedding, query: Query): Promise<Found>;
  /** The user's records, as they were written. */
  list(user: UserId, page: Query & { readonly after?: string | undefined }): Promise<Page>;
  count(user: UserId): Promise<number>;
  standing(user: UserId): Promise<Standing>;
  /**
   * Found no more from here on; but its vector and its ciphertext are in the store's files until what remains has moved elsewhere, which
   * the rebuild does that is wanted then. Idempotent, like those below.
   */
  forgetRecord(user: UserId, id: string): Promise<Pick<Found, 'rebuilding'>>;
  forgetWorkflow(user: UserId, workflow: WorkflowId): Promise<Pick<Found, 'rebuilding'>>;
  /** Drops all that is stored of the user, of whatever model, and destroys the user's key, which names it. */
  forgetUser(user: UserId): Promise<void>;
}

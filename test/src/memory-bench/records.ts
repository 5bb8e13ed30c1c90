// The records that are searched among: the n-th record of a bench belongs to user n modulo the number of users. A bench fills either by the
// store's own door, for speed, or by the log, as planners do.
import type { UserId } from '@troupe/contracts';
import { UserId as User, WorkflowId } from '@troupe/contracts';
import { MEMORY_KEYS_BUCKET, openEntries } from '@troupe/shared';
import { lexicalEmbedder, lexicalVector } from '../../../services/llm-gateway/src/embedding/lexical.ts';
import { createChromaServer } from '../../../services/memory/src/chroma-server.ts';
import { createChromaStore } from '../../../services/memory/src/chroma-store.ts';
import { openForgottenRecords } from '../../../services/memory/src/erasure/forgotten.ts';
import { createKeyring } from '../../../services/memory/src/sealing/keyring.ts';
import { masterKeyOf } from '../../../services/memory/src/sealing/master-key.ts';
import type { MemoryStore } from '../../../services/memory/src/store.ts';
import { WrittenRun } from '../../../services/memory/src/test-support/written-run.ts';
import { openUserEvents } from '../../../services/memory/src/user-events.ts';
import type { System } from './system.ts';
import { answerOf, goalOf, textOf } from './texts.ts';

/** Records from `from` on, before `to`, of so many users. */
export interface Records {
  readonly from: number;
  readonly to: number;
  readonly users: number;
}

const userNamed = (n: number): UserId => User.parse(`user-${n}`);
export const userOf = (n: number, users: number): UserId => userNamed(n % users);
const workflowOf = (n: number): WorkflowId => WorkflowId.parse(`run-${n}`);

/** Of one write: larger ones are no faster. */
const BATCH = 500;
const STORE_TIMEOUT_MS = 120_000;
/** Users that are written for at once. */
const LANES = 4;
const WRITERS = 16;

/** The store as memory opens it, with all the patience that a large batch needs. */
export function openStore({ kernel, chromaUrl, masterKey }: System): MemoryStore {
  const entries = openEntries(kernel.connection, kernel.publisher, MEMORY_KEYS_BUCKET);
  const keyring = createKeyring(entries, { current: masterKeyOf(masterKey)!, previous: undefined });
  const server = createChromaServer({ url: chromaUrl, timeoutMs: STORE_TIMEOUT_MS });
  const forgotten = openForgottenRecords(kernel);
  return createChromaStore({ server, keyring, events: openUserEvents(kernel), forgotten: forgotten.of });
}

/** Resolves when the store has the records: no log, no projection, and the vectors made here. */
export async function putDirectly(store: MemoryStore, records: Records): Promise<void> {
  const users = Array.from({ length: records.users }, (_, user) => user);
  await inLanes(LANES, users, async (user) => {
    const own = numbersOf(records).filter((n) => n % records.users === user);
    for (let at = 0; at < own.length; at += BATCH)
      await store.put(
        userNamed(user),
        own.slice(at, at + BATCH).map((n) => ({
          kind: 'outcome',
          text: textOf(n),
          workflow: workflowOf(n),
          createdAt: new Date(),
          eventSeq: 1,
          embedding: { model: lexicalEmbedder.model, vector: lexicalVector(textOf(n)) },
        })),
      );
  });
}

/** Resolves when the log holds, for each record, a run that began and completed; memory learns of them meanwhile. */
export const writeRuns = ({ kernel }: System, records: Records): Promise<void> =>
  inLanes(WRITERS, numbersOf(records), async (n) => {
    const run = await WrittenRun.begin(kernel, userOf(n, records.users), workflowOf(n), goalOf(n));
    await run.complete(answerOf(n));
  });

const numbersOf = ({ from, to }: Records): number[] => Array.from({ length: to - from }, (_, i) => from + i);

/** Does the work for every item, so many at once. */
async function inLanes<Item>(
  lanes: number,
  items: readonly Item[],
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const waiting = items.values();
  const lane = async (): Promise<void> => {
    for (const item of waiting) await work(item);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

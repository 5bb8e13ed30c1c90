// What is stored of a user, or of one of his runs, beside the logs: at the door, among the dead letters, timers, books, lists and budgets.
// Finds it; erases nothing.
import type { UserId, WorkflowId } from '@troupe/contracts';
import { parseDoorSubject, RUNS_BUCKET } from '@troupe/contracts';
import { BUDGETS_BUCKET, CLOCK_STREAM, DEAD_STREAM, DOOR_STREAM, LEDGER_STREAM } from '@troupe/shared';
import type { Bounds } from '../jobs/jobs.ts';
import type { Found, Streams } from './streams.ts';
import type { LetterOf, Whose } from './whose.ts';
import { whoseDoorMessage, whoseLetter } from './whose.ts';

/** What is to be erased. */
export interface Extent {
  readonly user: UserId;
  /** Undefined: everything of the user. */
  readonly workflow: WorkflowId | undefined;
  /** The runs whose logs are erased, and the events of each that are in the archive. */
  readonly logs: ReadonlyMap<string, LogSeqs>;
  /** Runs that belong to it and go on: nothing of theirs is erased yet. */
  readonly goingOn: ReadonlySet<string>;
  /** Messages at the door that the logs name. */
  readonly causes: ReadonlySet<number>;
  /** The names of objects that the logs name. */
  readonly objects: ReadonlySet<string>;
  readonly bounds: Bounds;
}

/** Sequences in the log, of the events that end a run and of the others. */
export interface LogSeqs {
  readonly ends: readonly number[];
  readonly others: readonly number[];
}

/**
 * Messages at the door, and the dead letters, in the order in which they must go: a letter whose body was cut is known by the message that
 * it is about. Throws RetryableError `stream_unreadable`.
 */
export async function findLettersAndRequests(streams: Streams, extent: Extent): Promise<Found[]> {
  const doors = await streams.subjects(DOOR_STREAM, 'agents.>');
  // Those of others hold nothing of this user.
  const own = doors.filter((subject) => (parseDoorSubject(subject)?.user ?? extent.user) === extent.user);
  const requests = await streams.seqsAt(
    DOOR_STREAM,
    own,
    ({ subject, body, seq }) =>
      extent.causes.has(seq) || isAskedBy(extent, whoseDoorMessage(subject, body), seq),
  );
  const asked = new Set(requests.seqs);
  const dead = await streams.subjects(DEAD_STREAM, 'agents-dead.>');
  const letters = await streams.seqsAt(DEAD_STREAM, dead, ({ body }) =>
    isLetterOf(extent, whoseLetter(body), asked),
  );
  return [letters, requests];
}

/** What is told to a run that is erased goes with it, whenever it came; a request is a new life if it came behind the bounds. */
function isAskedBy(extent: Extent, whose: Whose | undefined, seq: number): boolean {
  if (whose?.user !== extent.user) return false;
  if (whose.type !== 'workflow.requested' && extent.logs.has(whose.workflow ?? '')) return true;
  return isBefore(extent, { ...whose, stream: DOOR_STREAM, seq });
}

function isLetterOf(extent: Extent, whose: LetterOf | undefined, asked: ReadonlySet<number>): boolean {
  if (whose === undefined) return false;
  const { stream, seq, user } = whose;
  if (stream === DOOR_STREAM) return asked.has(seq) || isAskedBy(extent, whose, seq);
  return user === extent.user && (extent.logs.has(whose.workflow ?? '') || isBefore(extent, whose));
}

const isBefore = ({ workflow, bounds, goingOn }: Extent, whose: LetterOf): boolean =>
  whose.seq <= (bounds[whose.stream] ?? 0) &&
  (workflow === undefined || whose.workflow === workflow) &&
  !goingOn.has(whose.workflow ?? '');

/**
 * What stands under subjects that name user and workflow. `later` is asked behind the subjects: its runs are left alone. A record that a
 * gateway writes into its books behind that, of a call that ends late, holds no text, and stays.
 */
export async function findByWorkflow(
  streams: Streams,
  {
    user,
    workflow = '*',
    goingOn,
  }: Pick<Extent, 'user' | 'goingOn'> & { readonly workflow: string | undefined },
  later: () => Promise<readonly string[]>,
): Promise<Found[]> {
  const places = [
    { stream: CLOCK_STREAM, before: 'agents-timers.set', behind: '.*' },
    { stream: CLOCK_STREAM, before: 'agents-timers.fired', behind: '.*' },
    { stream: LEDGER_STREAM, before: 'agents-ledger', behind: '.*.*' },
    { stream: `KV_${RUNS_BUCKET}`, before: `$KV.${RUNS_BUCKET}`, behind: '' },
    // What he spent in a day says little of him, ends within a week, and must not be had back by forgetting.
    { stream: `KV_${BUDGETS_BUCKET}`, before: `$KV.${BUDGETS_BUCKET}.workflow`, behind: '' },
  ];
  const subjects = await Promise.all(
    places.map(({ stream, before, behind }) =>
      streams.subjects(stream, `${before}.${user}.${workflow}${behind}`),
    ),
  );
  const spared = new Set([...goingOn, ...(await later())]);
  return Promise.all(
    places.map(({ stream, before }, i) => {
      const place = `${before}.${user}.`.length;
      const workflowOf = (subject: string): string => subject.slice(place).split('.')[0] ?? '';
      return streams.seqsAt(
        stream,
        (subjects[i] ?? []).filter((subject) => !spared.has(workflowOf(subject))),
      );
    }),
  );
}

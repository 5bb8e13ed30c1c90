// What the projection makes of a run's events, as they come in whatever order and however often. Pure. Only what a list shows is read
// from them; a run's answer, however long, is not.
import { z } from 'zod';
import type { RawMessage, RunSummary, WorkflowKey } from '@troupe/contracts';
import {
  Failure,
  isTerminal,
  parseLogSubject,
  SUMMARY_GOAL_CHARACTERS,
  WorkflowStatus,
} from '@troupe/contracts';
import { parseJson } from './parse-json.ts';

/** How a run began. */
export interface Begun {
  readonly workflowType: string;
  readonly goal: string;
  readonly at: number;
}

/** How it ended. */
export interface Ended {
  readonly status: WorkflowStatus;
  readonly workflowType: string;
  readonly errorCode: string | undefined;
  readonly startedAt: number;
  readonly at: number;
}

/** Something that changes a run's summary; `seq` is its stream sequence. */
export interface Change {
  readonly key: WorkflowKey;
  readonly seq: number;
  readonly begun?: Begun;
  readonly ended?: Ended;
}

const BegunData = z.object({ goal: z.string(), workflow_type: z.string() });
const EndedData = z.object({
  status: WorkflowStatus,
  workflow_type: z.string(),
  error: Failure.pick({ code: true }).optional(),
  started_at: z.iso.datetime(),
});

const text = (body: Uint8Array): string => Buffer.from(body).toString();

/** What a stored event changes, or undefined for one that no summary tells of or that breaks its contract. */
export function changeIn({ subject, seq, storedAt, body }: RawMessage): Change | undefined {
  const log = parseLogSubject(subject);
  if (log === undefined) return undefined;
  const key = { user: log.user, workflow: log.workflow };
  if (log.type === 'workflow.requested') {
    const data = BegunData.safeParse(parseJson(text(body))).data;
    if (data === undefined) return undefined;
    const goal = Array.from(data.goal.slice(0, 2 * SUMMARY_GOAL_CHARACTERS))
      .slice(0, SUMMARY_GOAL_CHARACTERS)
      .join('');
    return { key, seq, begun: { workflowType: data.workflow_type, goal, at: storedAt } };
  }
  if (!isTerminal(log.type)) return undefined;
  const data = EndedData.safeParse(parseJson(text(body))).data;
  if (data === undefined) return undefined;
  const { status, workflow_type: workflowType, error, started_at } = data;
  const ended = {
    status,
    workflowType,
    errorCode: error?.code,
    startedAt: Date.parse(started_at),
    at: storedAt,
  };
  return { key, seq, ended };
}

/** Two changes of one run as one. */
export const together = (a: Change, b: Change): Change => {
  const [older, newer] = a.seq <= b.seq ? [a, b] : [b, a];
  // A log that begins behind an end is another one, under the same name.
  return newer.begun === undefined ? { ...older, ...newer } : newer;
};

/** The summary after `change`; `before` is what stood there, or undefined. */
export const summaryAfter = (change: Change, before: RunSummary | undefined): RunSummary => ({
  workflow_id: change.key.workflow,
  user_id: change.key.user,
  ...beginning(change, before),
  ...ending(change.ended),
});

const time = (ms: number): string => new Date(ms).toISOString();

function beginning(
  { begun, ended }: Change,
  before: RunSummary | undefined,
): Pick<RunSummary, 'workflow_type' | 'goal' | 'requested_at'> {
  if (begun !== undefined)
    return { workflow_type: begun.workflowType, goal: begun.goal, requested_at: time(begun.at) };
  if (before !== undefined) {
    const { workflow_type, goal, requested_at } = before;
    return { workflow_type, goal, requested_at };
  }
  return {
    workflow_type: ended?.workflowType ?? 'unknown',
    goal: '',
    requested_at: time(ended?.startedAt ?? 0),
  };
}

function ending(ended: Ended | undefined): Pick<RunSummary, 'status' | 'finished_at' | 'error_code'> {
  if (ended === undefined) return { status: 'running' };
  const { status, at, errorCode } = ended;
  return { status, finished_at: time(at), ...(errorCode === undefined ? {} : { error_code: errorCode }) };
}

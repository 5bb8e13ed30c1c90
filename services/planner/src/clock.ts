// Durable timers: schedules in their own stream, one subject per timer, so that setting one again replaces it. A due timer
// comes back as a message, and is recorded in the log only if the run still waits for it.
import type { Publisher } from '@troupe/shared';
import { CLOCK_STREAM, RetryableError } from '@troupe/shared';
import type { EventDraft, EventId, WorkflowKey } from '@troupe/contracts';
import { eventId, firedSubject, timerSubject } from '@troupe/contracts';
import { identityOf } from './core/outline.ts';
import { openTimers } from './core/run.ts';
import type { OpenTimer, Run } from './core/run-state.ts';
import { CLOCK } from './core/sources.ts';

export interface Clock {
  /** Sets a timer; an instant in the past fires at once. Throws RetryableError `clock_unavailable`. */
  set(key: WorkflowKey, timer: OpenTimer): Promise<void>;
  /** Withdraws a timer that nobody waits for, unless it is due soon anyway. Does not wait; a failure only costs a late message. */
  clear(key: WorkflowKey, timer: OpenTimer): void;
  /** Withdraws every timer of a run that has ended, whichever planner set it. As `clear`, it does not wait. */
  clearAll(key: WorkflowKey): void;
}

const PUBLISH_TIMEOUT_MS = 5_000;
/** A timer due within this time is left to fire in vain: cheaper than withdrawing it. */
const LEFT_TO_FIRE_MS = 60_000;
/** How long a fired timer waits for a planner. */
const FIRED_KEPT = '720h';

export function createClock(options: {
  readonly publisher: Publisher;
  readonly publish: (subject: string, body: string) => void;
  readonly now: () => number;
}): Clock {
  const { publisher, publish, now } = options;
  const purge = (filter: string): void =>
    publish(`$JS.API.STREAM.PURGE.${CLOCK_STREAM}`, JSON.stringify({ filter }));
  return {
    async set(key, timer) {
      const outcome = await publisher.publish(
        timerSubject(key, timer.id),
        {
          'Nats-Schedule': `@at ${new Date(timer.dueAt).toISOString()}`,
          'Nats-Schedule-Target': firedSubject(key, timer.id),
          'Nats-Schedule-TTL': FIRED_KEPT,
        },
        JSON.stringify({ due_at: new Date(timer.dueAt).toISOString() }),
        PUBLISH_TIMEOUT_MS,
      );
      if (outcome.kind === 'stored') return;
      throw new RetryableError('clock_unavailable', `A timer could not be set (${outcome.kind}).`);
    },
    clear(key, timer) {
      if (timer.dueAt - now() < LEFT_TO_FIRE_MS) return;
      purge(timerSubject(key, timer.id));
    },
    clearAll: (key) => purge(timerSubject(key, '*')),
  };
}

/** `timer.fired` for a run that still waits for this timer, else undefined. */
export function firedDraft(run: Run | undefined, timer: string): EventDraft<'timer.fired'> | undefined {
  if (run === undefined) return undefined;
  const open = openTimers(run).find(({ id }) => id === timer);
  if (open === undefined) return undefined;
  return {
    ...identityOf(run),
    type: 'timer.fired',
    id: eventId(open.id, 'fired'),
    source: CLOCK,
    causationId: open.id,
    data: { timer: timer as EventId, due_at: new Date(open.dueAt).toISOString() },
  };
}

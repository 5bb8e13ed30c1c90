// Whether a process takes work: it was started, it does not drain, and its NATS server answers now.
import { setTimeout as sleep } from 'node:timers/promises';
import type { NatsConnection } from 'nats';

export interface Readiness {
  ready(connection: NatsConnection): void;
  draining(): void;
  /** Why it takes none; undefined if it does. */
  readonly unready: () => Promise<string | undefined>;
}

const ANSWER_MS = 1_000;

export function readiness(): Readiness {
  let state: 'starting' | 'draining' | NatsConnection = 'starting';
  return {
    ready: (connection) => {
      state = connection;
    },
    draining: () => {
      state = 'draining';
    },
    unready: async () => {
      if (typeof state === 'string') return state;
      const answered = state.rtt().then(
        () => true,
        () => false,
      );
      const inTime = await Promise.race([answered, sleep(ANSWER_MS, false, { ref: false })]);
      return inTime ? undefined : 'the NATS server does not answer';
    },
  };
}

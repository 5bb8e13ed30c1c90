// The process as a NATS micro service (ADR-32): one per process, which any client can list, ping and ask for its statistics, with
// the process's queries as endpoints.
import { setTimeout as sleep } from 'node:timers/promises';
import type { NatsConnection, Service, ServiceMsg } from 'nats';
import { VERSION } from './version.ts';

export interface MicroService {
  /** Makes it known, as an endpoint does too. */
  announce(): Promise<void>;
  /** Answers at `subject`; one process of this name gets each request. `answer` never rejects. */
  endpoint(name: string, subject: string, answer: (message: ServiceMsg) => Promise<void>): Promise<void>;
  /** Takes no more requests, and waits up to `graceMs` for the answers to those that it took. */
  drain(graceMs: number): Promise<void>;
}

export type MicroServiceMetadata = Readonly<Record<string, string>>;

/** A server that is away must not keep a process from ending. */
const STOP_MS = 2_000;

const atMost = (ms: number, work: Promise<unknown> | undefined): Promise<unknown> =>
  Promise.race([work?.catch(() => undefined), sleep(ms, undefined, { ref: false })]);

/** `name` is the service's, as in logs; `metadata` is what INFO tells of it. Nothing is known before the first call. */
export function createMicroService(
  connection: NatsConnection,
  name: string,
  metadata: MicroServiceMetadata,
): MicroService {
  let added: Promise<Service> | undefined;
  const inHand = new Set<Promise<void>>();
  const service = (): Promise<Service> =>
    (added ??= connection.services.add({
      name: `agents-${name}`,
      version: VERSION,
      description: `The ${name} service of Troupe`,
      metadata: { ...metadata },
    }));
  return {
    async announce() {
      await service();
    },
    async endpoint(endpoint, subject, answer) {
      (await service()).addEndpoint(endpoint, {
        subject,
        handler: (error, message) => {
          if (error !== null) return;
          const answering = answer(message).finally(() => inHand.delete(answering));
          inHand.add(answering);
        },
      });
    },
    async drain(graceMs) {
      await atMost(
        Math.min(graceMs, STOP_MS),
        added?.then((adding) => adding.stop()),
      );
      await atMost(graceMs, Promise.all(inHand));
    },
  };
}

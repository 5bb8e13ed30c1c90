// The process as a NATS micro service (ADR-32): one per process, which any client can list, ping and ask for its statistics, with
// the process's queries as endpoints.
import type { NatsConnection, Service, ServiceMsg } from 'nats';
import { VERSION } from './version.ts';

export interface MicroService {
  /** Makes it known. `metadata` is told by INFO; only that of the first call counts. */
  announce(metadata?: Readonly<Record<string, string>>): Promise<void>;
  /** Answers at `subject`; one process of this name gets each request. */
  endpoint(name: string, subject: string, answer: (message: ServiceMsg) => void): Promise<void>;
}

/** `name` is the service's, as in logs; nothing is known before the first call. */
export function createMicroService(connection: NatsConnection, name: string): MicroService {
  let added: Promise<Service> | undefined;
  const service = (metadata: Readonly<Record<string, string>> = {}): Promise<Service> =>
    (added ??= connection.services.add({
      name: `agents-${name}`,
      version: VERSION,
      description: `The ${name} service of Troupe`,
      metadata: { ...metadata },
    }));
  return {
    async announce(metadata) {
      await service(metadata);
    },
    async endpoint(endpoint, subject, answer) {
      (await service()).addEndpoint(endpoint, {
        subject,
        handler: (error, message) => {
          if (error === null) answer(message);
        },
      });
    },
  };
}

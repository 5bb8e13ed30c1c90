// The process as a NATS micro service (ADR-32): one per process, which any client can list, ping and ask for its statistics, with
// the process's queries as endpoints.
import type { NatsConnection, Service, ServiceMsg } from 'nats';
import { VERSION } from './version.ts';

export interface MicroService {
  /** Makes it known, as an endpoint does too. */
  announce(): Promise<void>;
  /** Answers at `subject`; one process of this name gets each request. */
  endpoint(name: string, subject: string, answer: (message: ServiceMsg) => void): Promise<void>;
}

export type MicroServiceMetadata = Readonly<Record<string, string>>;

/** `name` is the service's, as in logs; `metadata` is what INFO tells of it. Nothing is known before the first call. */
export function createMicroService(
  connection: NatsConnection,
  name: string,
  metadata: MicroServiceMetadata,
): MicroService {
  let added: Promise<Service> | undefined;
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
          if (error === null) answer(message);
        },
      });
    },
  };
}

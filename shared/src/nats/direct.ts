// Direct reads of one stream, by raw request: the client library knows neither batches by subject nor the exact time.
import type { Msg, NatsConnection } from 'nats';
import { createInbox } from 'nats';
import type { RawMessage } from '@troupe/contracts';
import { RetryableError } from '../errors.ts';
import { headerReader } from './headers.ts';
import { connectionInboxPrefix } from './publisher.ts';

const READ_TIMEOUT_MS = 5_000;
const BATCH_MESSAGES = 500;
/** Below the server's limit for a slow consumer (64 MB), and little enough to hold. */
const BATCH_BYTES = 4 * 1024 * 1024;
/** Room for one message of every type, each as large as a message may be: these come in one batch or not at all. */
const HEADS_BYTES = 32 * 1024 * 1024;

export class DirectReader {
  readonly #connection: NatsConnection;
  readonly #subject: string;

  constructor(connection: NatsConnection, stream: string) {
    this.#connection = connection;
    this.#subject = `$JS.API.DIRECT.GET.${stream}`;
  }

  /** The message at `seq`, or undefined if the answering replica does not hold it. */
  get(seq: number): Promise<RawMessage | undefined> {
    return this.#one({ seq });
  }

  /** The newest message whose subject matches `filter` (wildcards allowed), or undefined. */
  last(filter: string): Promise<RawMessage | undefined> {
    return this.#one({ last_by_subj: filter });
  }

  /** The newest message of each subject that matches `filter`. */
  lastOfEach(filter: string): Promise<RawMessage[]> {
    return this.#batch({ multi_last: [filter], batch: BATCH_MESSAGES, max_bytes: HEADS_BYTES }).then(
      ({ messages }) => messages,
    );
  }

  /** Every message at one literal subject, oldest first. A wildcard here would scan to the end of the stream. */
  async allAt(subject: string): Promise<RawMessage[]> {
    const all: RawMessage[] = [];
    for (let seq = 1; ; ) {
      const { messages, more } = await this.#batch({
        next_by_subj: subject,
        seq,
        batch: BATCH_MESSAGES,
        max_bytes: BATCH_BYTES,
      });
      all.push(...messages);
      const last = messages.at(-1);
      if (last === undefined || !more) return all;
      seq = last.seq + 1;
    }
  }

  async #one(request: object): Promise<RawMessage | undefined> {
    const message = await this.#connection
      .request(this.#subject, JSON.stringify(request), { timeout: READ_TIMEOUT_MS })
      .catch(unavailable);
    const code = message.headers?.code ?? 0;
    if (code === 404) return undefined;
    if (code >= 400) unavailable(message.headers?.description);
    return rawOf(message);
  }

  #batch(request: object): Promise<{ messages: RawMessage[]; more: boolean }> {
    const inbox = createInbox(connectionInboxPrefix(this.#connection));
    return new Promise((resolve, reject) => {
      const messages: RawMessage[] = [];
      let pending = 0;
      const subscription = this.#connection.subscribe(inbox, {
        callback: (error, message) => {
          const code = message.headers?.code ?? 0;
          if (error !== null || code === 503 || code === 408)
            return finish(() => unavailable(error ?? 'no responders'));
          if (code === 204 || code === 404) return finish(() => resolve({ messages, more: pending > 0 }));
          if (code >= 400) return finish(() => unavailable(message.headers?.description));
          pending = Number(message.headers?.get('Nats-Num-Pending') ?? 0);
          messages.push(rawOf(message));
        },
      });
      const timer = setTimeout(() => finish(() => unavailable('no answer in time')), READ_TIMEOUT_MS);
      const finish = (settle: () => void): void => {
        clearTimeout(timer);
        if (!this.#connection.isClosed()) subscription.unsubscribe();
        try {
          settle();
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      };
      this.#connection.publish(this.#subject, JSON.stringify(request), { reply: inbox });
    });
  }
}

function unavailable(cause: unknown): never {
  throw new RetryableError('stream_unreadable', 'A stored stream could not be read.', { cause });
}

function rawOf(message: Msg): RawMessage {
  const header = headerReader(message);
  return {
    subject: header('Nats-Subject') ?? '',
    header,
    body: message.data,
    seq: Number(header('Nats-Sequence')),
    storedAt: Date.parse(header('Nats-Time-Stamp') ?? ''),
  };
}

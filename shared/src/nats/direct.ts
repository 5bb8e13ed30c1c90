// Direct reads of one stream, by raw request: the client library knows neither batches by subject nor the exact time.
import type { Msg, NatsConnection } from 'nats';
import { createInbox } from 'nats';
import type { RawMessage } from '@troupe/contracts';
import { ContractError } from '@troupe/contracts';
import { RetryableError } from '../errors.ts';
import { headerReader, statusOf } from './headers.ts';
import { SendBuffer } from './send-buffer.ts';
import { connectionInboxPrefix } from './publisher.ts';

const READ_TIMEOUT_MS = 5_000;
const BATCH_MESSAGES = 500;
/** Below the server's limit for a slow consumer (64 MB), and little enough to hold. */
const BATCH_BYTES = 4 * 1024 * 1024;
/** Room for one message of every type, each as large as a message may be: these come in one batch or not at all. */
const HEADS_BYTES = 32 * 1024 * 1024;
const HEADS_ATTEMPTS = 5;

interface Read {
  readonly messages: RawMessage[];
  /** Whether the first message is the whole answer. */
  readonly single: boolean;
  /** Messages that match and did not fit into the batch. */
  pending: number;
  /** For the first message of the answer, and for each behind it. */
  readonly timer: NodeJS.Timeout;
  readonly done: (error?: Error) => void;
}

export class DirectReader {
  readonly #connection: NatsConnection;
  readonly #stream: string;
  readonly #inbox: string;
  readonly #reads = new Map<string, Read>();
  #next = 0;

  constructor(connection: NatsConnection, stream: string) {
    this.#connection = connection;
    this.#stream = stream;
    this.#inbox = createInbox(connectionInboxPrefix(connection));
    connection.subscribe(`${this.#inbox}.*`, {
      callback: (error, message) => {
        if (error === null) this.#receive(message);
      },
    });
    void this.#followConnection();
  }

  /** The message at `seq`, or undefined if the answering replica does not hold it. */
  async get(seq: number): Promise<RawMessage | undefined> {
    const { messages } = await this.#read({ seq }, { single: true });
    return messages[0];
  }

  /** The newest message whose subject matches `filter` (wildcards allowed), or undefined. */
  async last(filter: string): Promise<RawMessage | undefined> {
    const { messages } = await this.#read({ last_by_subj: filter }, { single: true });
    return messages[0];
  }

  /** The newest message of each subject that matches `filter`, as of one moment; throws where they do not fit into one answer. */
  async lastOfEach(filter: string): Promise<RawMessage[]> {
    const request = { multi_last: [filter], batch: BATCH_MESSAGES, max_bytes: HEADS_BYTES };
    // A message that is deleted meanwhile ends the answer as well.
    for (let attempt = 1; attempt <= HEADS_ATTEMPTS; attempt += 1) {
      const { messages, pending } = await this.#read(request, { single: false });
      if (pending === 0) return messages;
    }
    throw unreadable(`more subjects match ${filter} than fit into one answer`);
  }

  /** The oldest message whose subject matches `filter` (wildcards allowed), or undefined. */
  async first(filter: string): Promise<RawMessage | undefined> {
    const { messages } = await this.#read({ next_by_subj: filter, seq: 1 }, { single: true });
    return messages[0];
  }

  /** Every message at one literal subject, oldest first. A wildcard here would scan to the end of the stream. */
  async allAt(subject: string): Promise<RawMessage[]> {
    const all: RawMessage[] = [];
    for await (const page of this.pagesAt(subject)) all.push(...page);
    return all;
  }

  /** As `allAt`, as many at a time as one answer holds, at most `most`, and from the sequence `from` on: for subjects that many write to. */
  async *pagesAt(subject: string, from = 1, most = BATCH_MESSAGES): AsyncGenerator<RawMessage[]> {
    for (let seq = from; ; ) {
      const request = { next_by_subj: subject, seq, batch: most, max_bytes: BATCH_BYTES };
      const { messages, pending } = await this.#read(request, { single: false });
      const last = messages.at(-1);
      if (last === undefined) return;
      yield messages;
      if (pending === 0) return;
      seq = last.seq + 1;
    }
  }

  #read(request: object, { single }: { single: boolean }): Promise<Pick<Read, 'messages' | 'pending'>> {
    this.#next += 1;
    const token = this.#next.toString(36);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => read.done(unreadable('no answer in time')), READ_TIMEOUT_MS);
      const done = (error?: Error): void => {
        clearTimeout(timer);
        this.#reads.delete(token);
        if (error === undefined) resolve(read);
        else reject(error);
      };
      const read: Read = { messages: [], pending: 0, single, timer, done };
      this.#reads.set(token, read);
      SendBuffer.of(this.#connection).send(
        `$JS.API.DIRECT.GET.${this.#stream}`,
        JSON.stringify(request),
        { reply: `${this.#inbox}.${token}` },
        (cause) => done(unreadable(cause)),
      );
    });
  }

  #receive(message: Msg): void {
    const read = this.#reads.get(message.subject.slice(this.#inbox.length + 1));
    if (read === undefined) return;
    const raw = rawOf(message);
    if (Number.isNaN(raw.seq)) return read.done(this.#endOf(message));
    read.messages.push(raw);
    read.timer.refresh();
    read.pending = Number(raw.header('Nats-Num-Pending') ?? 0);
    if (read.single) read.done();
  }

  /** What the server says that is no stored message: the end of a batch, nothing found, or why it cannot answer. */
  #endOf(message: Msg): Error | undefined {
    const status = statusOf(message);
    if (status === undefined)
      return new ContractError(`a message of ${this.#stream} has headers that cannot be read`);
    if (status.code === 204 || status.code === 404) return undefined;
    return unreadable(`${status.code} ${status.description}`);
  }

  /** A lost connection takes the answers with it: whoever waits reads again. */
  async #followConnection(): Promise<void> {
    for await (const { type } of this.#connection.status()) {
      const status: string = type;
      if (status !== 'disconnect' && status !== 'reconnect') continue;
      for (const read of this.#reads.values()) read.done(unreadable('the connection was lost'));
    }
  }
}

const unreadable = (cause: unknown): RetryableError =>
  new RetryableError('stream_unreadable', 'A stored stream could not be read.', { cause });

function rawOf(message: Msg): RawMessage {
  const header = headerReader(message);
  return {
    subject: header('Nats-Subject') ?? '',
    header,
    body: message.data,
    seq: Number(header('Nats-Sequence') ?? Number.NaN),
    storedAt: Date.parse(header('Nats-Time-Stamp') ?? ''),
  };
}

// JetStream publish on one reply inbox: a counter names the reply, so that a publish costs neither a subscription nor a
// request object (a fifth of the client library's cost). It tells what the server said and decides nothing.
import type { Msg, NatsConnection } from 'nats';
import { createInbox, ErrorCode, NatsError } from 'nats';
import { z } from 'zod';
import { parseJson } from '../parse-json.ts';
import { encodeHeaders } from './headers.ts';
import { SendBuffer } from './send-buffer.ts';

export type PublishOutcome =
  | { readonly kind: 'stored'; readonly seq: number }
  /** Compare-and-set failed; `last` is the true last sequence if the server named it. */
  | { readonly kind: 'wrong_last'; readonly last: number | undefined }
  /** The stream or the server's storage is at its limit. */
  | { readonly kind: 'full'; readonly description: string }
  /** Nobody answers for the stream now: just started, or between leaders. */
  | { readonly kind: 'unavailable'; readonly description: string }
  /** No answer in time: the message may be stored or not. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'refused'; readonly code: number; readonly description: string };

const Refusal = z.object({
  error: z.object({ code: z.number(), err_code: z.number().optional(), description: z.string() }),
});

export const WRONG_LAST_SEQUENCE = 10071;
const WRONG_LAST_SEQUENCE_CLUSTER = 10164;
const FULL = new Set([10023, 10047, 10077]);
/** What the stream would say of a message that the client library does not even send. */
const TOO_LARGE: PublishOutcome = {
  kind: 'refused',
  code: 10054,
  description: 'message size exceeds maximum allowed',
};
const SWEEP_MS = 100;

interface Waiting {
  readonly resolve: (outcome: PublishOutcome) => void;
  readonly expiresAt: number;
}

export class Publisher implements Disposable {
  readonly #connection: NatsConnection;
  readonly #inbox: string;
  readonly #waiting = new Map<string, Waiting>();
  readonly #unsubscribe: () => void;
  readonly #sweep: NodeJS.Timeout;
  #next = 0;

  constructor(connection: NatsConnection) {
    this.#connection = connection;
    this.#inbox = createInbox(connectionInboxPrefix(connection));
    const subscription = connection.subscribe(`${this.#inbox}.*`, {
      callback: (error, message) => {
        if (error === null) this.#settle(message);
      },
    });
    this.#unsubscribe = () => subscription.unsubscribe();
    this.#sweep = setInterval(() => this.#expire(performance.now()), SWEEP_MS);
    this.#sweep.unref();
    void this.#followConnection();
  }

  /**
   * Resolves with what the server said, or `unknown` after `timeoutMs` or when the connection is lost. Rejects only where the
   * connection is closed.
   */
  async publish(
    subject: string,
    headers: Record<string, string>,
    body: string,
    timeoutMs: number,
  ): Promise<PublishOutcome> {
    this.#next += 1;
    const token = this.#next.toString(36);
    const options = { headers: encodeHeaders(headers), reply: `${this.#inbox}.${token}` };
    return await new Promise((resolve, reject) => {
      this.#waiting.set(token, { resolve, expiresAt: performance.now() + timeoutMs });
      SendBuffer.of(this.#connection).send(subject, body, options, (error) => {
        this.#waiting.delete(token);
        if (isTooLarge(error)) resolve(TOO_LARGE);
        else reject(error);
      });
    });
  }

  [Symbol.dispose](): void {
    clearInterval(this.#sweep);
    if (!this.#connection.isClosed()) this.#unsubscribe();
    this.#expire(Number.POSITIVE_INFINITY);
  }

  #settle(message: Msg): void {
    const token = message.subject.slice(this.#inbox.length + 1);
    const waiting = this.#waiting.get(token);
    const outcome = outcomeOf(message);
    if (waiting === undefined || outcome === undefined) return;
    this.#waiting.delete(token);
    waiting.resolve(outcome);
  }

  /** A lost connection takes messages and answers with it, those sent while there is none too: nobody waits for them. */
  async #followConnection(): Promise<void> {
    for await (const { type } of this.#connection.status()) {
      const status: string = type;
      if (status === 'disconnect' || status === 'reconnect') this.#expire(Number.POSITIVE_INFINITY);
    }
  }

  #expire(now: number): void {
    for (const [token, waiting] of this.#waiting) {
      if (waiting.expiresAt > now) continue;
      this.#waiting.delete(token);
      waiting.resolve({ kind: 'unknown' });
    }
  }
}

/** What the stream said; undefined for an answer of anybody else, such as a subscriber that replies to what it reads. */
function outcomeOf(message: Msg): PublishOutcome | undefined {
  if (message.data.length === 0) return { kind: 'unavailable', description: 'no responders' };
  const answer = parseJson(message.data);
  if (isStored(answer)) return { kind: 'stored', seq: answer.seq };
  const refusal = Refusal.safeParse(answer).data;
  if (refusal === undefined) return undefined;
  const { code, err_code = code, description } = refusal.error;
  if (err_code === WRONG_LAST_SEQUENCE) return { kind: 'wrong_last', last: trailingNumber(description) };
  if (err_code === WRONG_LAST_SEQUENCE_CLUSTER) return { kind: 'wrong_last', last: undefined };
  if (FULL.has(err_code)) return { kind: 'full', description };
  if (code === 503) return { kind: 'unavailable', description };
  return { kind: 'refused', code: err_code, description };
}

/** By hand, since every event is answered by one. A refusal names the stream and a sequence, too. */
const isStored = (answer: unknown): answer is { readonly seq: number } =>
  answer !== null &&
  typeof answer === 'object' &&
  !('error' in answer) &&
  'stream' in answer &&
  typeof answer.stream === 'string' &&
  'seq' in answer &&
  typeof answer.seq === 'number';

function trailingNumber(description: string): number | undefined {
  const digits = /: (\d+)$/.exec(description)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** Whether the client library refused to send a message that the server would not take. */
export const isTooLarge = (error: unknown): boolean =>
  error instanceof NatsError && error.code === (ErrorCode.MaxPayloadExceeded as string);

/** The inbox prefix that the connection was opened with, so that a permission on it covers every reply. */
export function connectionInboxPrefix(connection: NatsConnection): string {
  const { options } = connection as unknown as { options?: { inboxPrefix?: string } };
  return options?.inboxPrefix ?? '_INBOX';
}

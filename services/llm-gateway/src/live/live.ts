// What the model says, told to whoever watches while it is said (the rules are in the contracts' live.ts). Deltas are gathered for a
// moment, so that a fast model costs a few dozen small messages a second and not a thousand. Nothing waits for it and nothing fails by
// it: the answer is in the log, whatever becomes of what is told here.
import type { LiveMessage } from '@troupe/contracts';
import { liveSubject } from '@troupe/contracts';
import type { CallIdentity } from '../call-identity.ts';

/** The sink of one call. */
export interface Live {
  /** An attempt begins: what was said before is void. */
  begin(): void;
  /** What the answer's text grew by. */
  text(delta: string): void;
  /** Nothing more comes of this call. To be called in any case: what was gathered goes out now. */
  end(): void;
}

export interface LiveOptions {
  /** Sends without waiting; may throw. */
  readonly publish: (subject: string, payload: string) => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** How long deltas are gathered, in milliseconds. */
  readonly everyMs: number;
}

/** In UTF-16 units: as JSON a unit takes at most six bytes, so that no message exceeds 32 KB. */
const MAX_LENGTH = 5_000;

export const createLive =
  (options: LiveOptions) =>
  (call: CallIdentity): Live =>
    new LiveCall(call, options);

class LiveCall implements Live {
  readonly #request: CallIdentity['request'];
  readonly #subject: string;
  readonly #options: LiveOptions;
  /** Its beginning on this machine's clock, so that it grows from process to process without any of them knowing of the others. */
  #epoch = 0;
  #seq = 0;
  #gathered = '';
  #shown = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(call: CallIdentity, options: LiveOptions) {
    this.#request = call.request;
    this.#subject = liveSubject(call);
    this.#options = options;
  }

  begin(): void {
    this.#forget();
    this.#epoch = Math.max(this.#epoch + 1, this.#options.now());
    this.#seq = 0;
    if (this.#shown) this.#send({ ...this.#place(), kind: 'reset' });
    this.#shown = false;
  }

  text(delta: string): void {
    this.#gathered += delta;
    this.#timer ??= setTimeout(() => this.#flush(), this.#options.everyMs);
  }

  end(): void {
    this.#flush();
    if (this.#shown) this.#send({ ...this.#next(), kind: 'end' });
  }

  #flush(): void {
    const text = this.#forget();
    for (let at = 0; at < text.length; at += MAX_LENGTH)
      this.#send({ ...this.#next(), kind: 'text', text: text.slice(at, at + MAX_LENGTH) });
    this.#shown ||= text !== '';
  }

  #forget(): string {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const text = this.#gathered;
    this.#gathered = '';
    return text;
  }

  #next() {
    this.#seq += 1;
    return this.#place();
  }

  #place() {
    return { request: this.#request, epoch: this.#epoch, seq: this.#seq };
  }

  #send(message: LiveMessage): void {
    try {
      this.#options.publish(this.#subject, JSON.stringify(message));
    } catch {
      // Nobody sees it live, which is no reason for the call to fail.
    }
  }
}

// How the Chroma server is called: each call has a bounded time, and what fails is told as something to be tried again or not.
import { ChromaClient, ChromaClientError, ChromaNotFoundError, ChromaValueError } from 'chromadb';
import { RetryableError, TerminalError } from '@troupe/shared';

export interface ChromaServer {
  /**
   * Bounds all that `work` asks for, however many requests it takes. Throws RetryableError `memory_unavailable`, TerminalError
   * `memory_refused`, and what `work` throws of these kinds.
   */
  call<T>(work: (client: ChromaClient) => Promise<T>): Promise<T>;
}

export interface ChromaServerOptions {
  /** The server's origin. */
  readonly url: string;
  readonly timeoutMs: number;
}

export function createChromaServer({ url, timeoutMs }: ChromaServerOptions): ChromaServer {
  const address = addressOf(new URL(url));
  return {
    async call(work) {
      try {
        // The library has no timeouts of its own, but hands a signal through: each call has its own client, and so its own end.
        return await work(
          new ChromaClient({ ...address, fetchOptions: { signal: AbortSignal.timeout(timeoutMs) } }),
        );
      } catch (error) {
        throw faultOf(error);
      }
    },
  };
}

/** Whether what was asked for is not there: a collection that was dropped, by somebody else or by a server that lost its data. */
export const isGone = (error: unknown): boolean =>
  error instanceof ChromaNotFoundError || (error instanceof RetryableError && isGone(error.cause));

/** `work`, or undefined where Chroma does not have what it asks for. */
export const ifThere = <T>(work: Promise<T>): Promise<T | undefined> =>
  work.catch((error: unknown) => {
    if (isGone(error)) return undefined;
    throw error;
  });

const addressOf = ({ protocol, hostname, port }: URL): { host: string; port: number; ssl: boolean } => {
  const ssl = protocol === 'https:';
  return { host: hostname, port: port === '' ? (ssl ? 443 : 80) : Number(port), ssl };
};

/** What Chroma or its client refuses will be refused again; everything else is Chroma being away or unwell. */
function faultOf(cause: unknown): RetryableError | TerminalError {
  if (cause instanceof RetryableError || cause instanceof TerminalError) return cause;
  const name = cause instanceof Error ? cause.name : 'unknown';
  if (cause instanceof ChromaClientError || cause instanceof ChromaValueError) {
    return new TerminalError(
      {
        code: 'memory_refused',
        message: `Chroma refused a request (${name}).`,
        hint: 'The log of the memory service has its reason.',
      },
      { cause },
    );
  }
  return new RetryableError('memory_unavailable', `Chroma did not answer as it should (${name}).`, { cause });
}

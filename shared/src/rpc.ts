// Queries as endpoints of the process's NATS micro service: listed, pinged and measured by any NATS client. One handler, one
// caller; the trace and the ids of the work that asks go along.
import type { NatsConnection, ServiceMsg } from 'nats';
import { ErrorCode, NatsError } from 'nats';
import { z } from 'zod';
import type { Failure, Rpc, UserId } from '@troupe/contracts';
import { parseRpcUser, rpcFilter, rpcReply, rpcSubject } from '@troupe/contracts';
import { bounded, describeBug, RetryableError, TerminalError } from './errors.ts';
import type { Logger } from './logger.ts';
import { encodeHeaders } from './nats/headers.ts';
import { isTooLarge } from './nats/publisher.ts';
import { parseJson } from './parse-json.ts';
import { carriedHeaders, handling } from './telemetry/current.ts';
import type { MicroService } from './telemetry/micro-service.ts';

/** Answers `definition` for every user until the micro service is drained or the connection closes. Bad requests get a failure, never silence. */
export async function serveRpc<Definition extends Rpc>(
  { micro, logger }: { readonly micro: MicroService; readonly logger: Logger },
  definition: Definition,
  handle: (user: UserId, request: z.infer<Definition['request']>) => Promise<z.infer<Definition['response']>>,
): Promise<void> {
  const { service: name, method, request: schema } = definition;
  await micro.endpoint(method, rpcFilter(name, method), (message) => {
    const { subject, data } = message;
    return handling({ subject, header: (name) => headerOf(message, name) }, () =>
      answer(subject, data)
        .then((reply) => respond(message, reply))
        .catch((again: unknown) => logger.warn({ err: again, method }, 'a query was not answered')),
    );
  });

  function respond(message: ServiceMsg, reply: object): void {
    try {
      message.respond(JSON.stringify(reply));
    } catch (error) {
      if (!isTooLarge(error)) throw error;
      message.respond(JSON.stringify(replyTooLarge));
    }
  }

  async function answer(
    subject: string,
    body: Uint8Array,
  ): Promise<{ result: unknown } | { error: Failure; retryable: boolean }> {
    const user = parseRpcUser(subject);
    if (user === undefined) return badRequest('the last token of the subject is not a user id');
    const request = schema.safeParse(parseJson(body));
    if (!request.success) return badRequest(z.prettifyError(request.error));
    try {
      return { result: await handle(user, request.data as z.infer<Definition['request']>) };
    } catch (error) {
      logger.warn({ err: error, method }, 'query failed');
      if (error instanceof TerminalError) return { error: error.failure, retryable: false };
      if (error instanceof RetryableError) {
        const { code, message } = error;
        return { error: bounded({ code, message, hint: 'Try again.' }), retryable: true };
      }
      return { error: describeBug(error), retryable: false };
    }
  }
}

/** Asks for one user. Throws RetryableError if nobody answers within `timeoutMs` or the reply says so, else TerminalError with the failure in the reply. */
export async function callRpc<Definition extends Rpc>(
  connection: NatsConnection,
  definition: Definition,
  call: {
    readonly user: UserId;
    readonly request: z.input<Definition['request']>;
    readonly timeoutMs: number;
  },
): Promise<z.infer<Definition['response']>> {
  const { service, method } = definition;
  const message = await connection
    .request(rpcSubject(service, method, call.user), JSON.stringify(call.request), {
      timeout: call.timeoutMs,
      headers: encodeHeaders(carriedHeaders()),
    })
    .catch((cause: unknown) => {
      if (isTooLarge(cause)) throw new TerminalError(requestTooLarge, { cause });
      const away = cause instanceof NatsError && cause.code === (ErrorCode.NoResponders as string);
      throw new RetryableError(
        'service_away',
        away ? `No ${service} is running.` : `${service} did not answer in ${call.timeoutMs} ms.`,
        { cause },
      );
    });
  const reply = rpcReply(definition.response).parse(parseJson(message.data));
  if ('error' in reply) {
    const { error, retryable } = reply;
    throw retryable ? new RetryableError(error.code, error.message) : new TerminalError(error);
  }
  return reply.result as z.infer<Definition['response']>;
}

/** The client library throws at header names that it does not allow, which anybody may send. */
function headerOf(message: ServiceMsg, name: string): string | undefined {
  try {
    return message.headers?.get(name) || undefined;
  } catch {
    return undefined;
  }
}

const badRequest = (message: string): { error: Failure; retryable: boolean } => ({
  error: {
    code: 'invalid_request',
    message: message.slice(0, 500),
    hint: 'Compare the request with its schema in contracts/src/rpc.ts.',
  },
  retryable: false,
});

const replyTooLarge: { error: Failure; retryable: boolean } = {
  error: {
    code: 'reply_too_large',
    message: 'The answer is larger than one message may be.',
    hint: 'Ask for less at a time.',
  },
  retryable: false,
};

const requestTooLarge: Failure = {
  code: 'request_too_large',
  message: 'The query is larger than one message may be.',
  hint: 'Ask for less at a time.',
};

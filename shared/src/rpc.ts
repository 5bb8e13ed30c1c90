// Queries as NATS micro services (ADR-32): listed, pinged and measured by any NATS client. One handler, one caller.
import type { NatsConnection } from 'nats';
import { ErrorCode, NatsError } from 'nats';
import { z } from 'zod';
import type { Failure, Rpc, UserId } from '@troupe/contracts';
import { parseRpcUser, rpcFilter, rpcReply, rpcSubject } from '@troupe/contracts';
import { describeBug, RetryableError, TerminalError } from './errors.ts';
import type { Logger } from './logger.ts';

/** Answers `definition` for every user until the connection closes. Bad requests get a failure, never silence. */
export async function serveRpc<Definition extends Rpc>(
  options: { readonly connection: NatsConnection; readonly version: string; readonly logger: Logger },
  definition: Definition,
  handle: (user: UserId, request: z.infer<Definition['request']>) => Promise<z.infer<Definition['response']>>,
): Promise<void> {
  const { service: name, method, request: schema } = definition;
  const service = await options.connection.services.add({
    name: `troupe-${name}`,
    version: options.version,
    description: `Troupe ${name}: ${method}`,
  });
  service.addEndpoint(method, {
    subject: rpcFilter(name, method),
    handler: (error, message) => {
      if (error !== null) return;
      void answer(message.subject, message.data).then((reply) => message.respond(JSON.stringify(reply)));
    },
  });

  async function answer(
    subject: string,
    body: Uint8Array,
  ): Promise<{ result: unknown } | { error: Failure }> {
    const user = parseRpcUser(subject);
    if (user === undefined) return { error: badRequest('the last token of the subject is not a user id') };
    const request = schema.safeParse(jsonOf(body));
    if (!request.success) return { error: badRequest(z.prettifyError(request.error)) };
    try {
      return { result: await handle(user, request.data as z.infer<Definition['request']>) };
    } catch (error) {
      options.logger.warn({ err: error, method }, 'query failed');
      if (error instanceof TerminalError) return { error: error.failure };
      if (error instanceof RetryableError)
        return { error: { code: error.code, message: error.message, hint: 'Try again.' } };
      return { error: describeBug(error) };
    }
  }
}

/** Asks for one user. Throws RetryableError if nobody answers within `timeoutMs`, TerminalError with the failure in the reply. */
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
    })
    .catch((cause: unknown) => {
      const away = cause instanceof NatsError && cause.code === (ErrorCode.NoResponders as string);
      throw new RetryableError(
        'service_away',
        away ? `No ${service} is running.` : `${service} did not answer in ${call.timeoutMs} ms.`,
        { cause },
      );
    });
  const reply = rpcReply(definition.response).parse(jsonOf(message.data));
  if ('error' in reply) throw new TerminalError(reply.error);
  return reply.result as z.infer<Definition['response']>;
}

function jsonOf(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch {
    return undefined;
  }
}

const badRequest = (message: string): Failure => ({
  code: 'invalid_request',
  message: message.slice(0, 500),
  hint: 'Compare the request with its schema in contracts/src/rpc.ts.',
});

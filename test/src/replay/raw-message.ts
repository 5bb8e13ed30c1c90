// A delivery of the client library as the contracts want it.
import type { JsMsg } from 'nats';
import type { RawMessage } from '@troupe/contracts';

export const rawOf = (message: JsMsg): RawMessage => ({
  subject: message.subject,
  header: (name) => message.headers?.get(name) || undefined,
  body: message.data,
  seq: message.seq,
  // The library keeps nanoseconds as a float; the ack subject has the digits.
  storedAt: Number((message as unknown as { reply: string }).reply.split('.')[7]?.slice(0, -6)),
});

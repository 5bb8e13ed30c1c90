// Reading a message's headers. Two traps of the client library are kept here: an absent header reads as '', and a header name
// that it does not allow (anybody outside may publish one) makes it throw, inside whatever callback looked at the headers.
import type { Msg } from 'nats';

/** Looks up a header by its exact name; undefined where it is absent or empty, or where the headers cannot be read. */
export function headerReader(message: Msg): (name: string) => string | undefined {
  let headers: Msg['headers'] | 'unread' = 'unread';
  return (name) => {
    if (headers === 'unread') headers = readable(message);
    const value = headers?.get(name);
    return value === '' ? undefined : value;
  };
}

/** What the server says instead of a message; undefined for headers that cannot be read, which are never the server's. */
export function statusOf(message: Msg): { code: number; description: string } | undefined {
  const headers = readable(message);
  return headers && { code: headers.code, description: headers.description };
}

function readable(message: Msg): Msg['headers'] {
  try {
    return message.headers;
  } catch {
    return undefined;
  }
}

// Headers as bytes, read and written here and not by the client library. Its header object costs more than everything else that
// an event costs on its way (a map, a regular expression and an array for each header), an absent header reads as '', and a
// header name that it does not allow (anybody outside may publish one) makes it throw inside whatever callback looked.
import type { Msg, MsgHdrs } from 'nats';

/** The message as the client library keeps it: the headers' bytes stand before the body's. */
interface Internals {
  readonly _rdata?: Uint8Array;
  readonly _msg?: { readonly hdr: number };
}

const PREAMBLE = 'NATS/1.0';

/** Looks up a header by its exact name; undefined where it is absent or empty. */
export function headerReader(message: Msg): (name: string) => string | undefined {
  let block: string | undefined;
  return (name) => {
    block ??= headerBlock(message);
    return valueIn(block, name);
  };
}

/** What the server says instead of a message, in the first line of the headers; undefined for a message without headers. */
export function statusOf(message: Msg): { code: number; description: string } | undefined {
  const block = headerBlock(message);
  if (block === '') return undefined;
  const status = block.slice(PREAMBLE.length, block.indexOf('\r\n')).trim();
  return { code: Number.parseInt(status, 10) || 0, description: status.replace(/^\d+\s*/, '') };
}

/** Headers for the client library's publish, which asks of them only their bytes. Throws TypeError for a line break in one. */
export function encodeHeaders(headers: Readonly<Record<string, string>>): MsgHdrs {
  let block = `${PREAMBLE}\r\n`;
  for (const name in headers) {
    const value = headers[name] ?? '';
    if (LINE_BREAK.test(value)) throw new TypeError(`The header ${name} has a line break.`);
    block += `${name}: ${value}\r\n`;
  }
  const bytes = Buffer.from(`${block}\r\n`);
  return { encode: () => bytes } as unknown as MsgHdrs;
}

const LINE_BREAK = /[\r\n]/;

function headerBlock(message: Msg): string {
  const { _rdata: bytes, _msg } = message as unknown as Internals;
  if (bytes === undefined || _msg === undefined || _msg.hdr <= 0) return '';
  return Buffer.from(bytes.buffer, bytes.byteOffset, _msg.hdr).toString();
}

function valueIn(block: string, name: string): string | undefined {
  const start = block.indexOf(`\r\n${name}:`);
  if (start < 0) return undefined;
  const from = start + name.length + 3;
  const value = block.slice(from, block.indexOf('\r\n', from)).trim();
  return value === '' ? undefined : value;
}

// Publishes bytes that the client library would refuse to send, as anybody can who writes the protocol by hand.
import { once } from 'node:events';
import { connect } from 'node:net';

/** `headers` is the whole header block, from `NATS/1.0` to its empty line. Resolves when the server has taken it. */
export async function publishRaw(url: string, subject: string, headers: string, body = ''): Promise<void> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const size = Buffer.byteLength(headers);
  socket.write('CONNECT {"headers":true,"verbose":false,"pedantic":false}\r\n');
  socket.write(`HPUB ${subject} ${size} ${size + Buffer.byteLength(body)}\r\n${headers}${body}\r\nPING\r\n`);
  for (let answer = ''; !answer.includes('PONG'); ) answer += String((await once(socket, 'data'))[0]);
  socket.destroy();
}

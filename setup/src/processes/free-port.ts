// Picks a port for a server that keeps it over restarts. The ports that systems hand to outgoing connections (32768 and
// up) are avoided: one of those could take the port while the server is down, or a client that reconnects to it could
// be connected to itself.
import { createServer } from 'node:net';
import { SetupError } from '../setup-error.ts';

const FIRST = 20_000;
const LAST = 32_000;
const ATTEMPTS = 50;

/** `wanted` itself if nobody listens there (else error `port_taken`), or a free port when none is wanted. */
export async function choosePort(wanted: number | undefined): Promise<number> {
  if (wanted === undefined) return freePort();
  if (await isFree(wanted)) return wanted;
  throw new SetupError(
    'port_taken',
    `Port ${wanted} of 127.0.0.1 is in use. End the program that listens there, or choose another port.`,
  );
}

/** A port on 127.0.0.1 that nobody listened on a moment ago. */
export async function freePort(random: () => number = Math.random): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const port = FIRST + Math.floor(random() * (LAST - FIRST));
    if (await isFree(port)) return port;
  }
  throw new SetupError('port_taken', `no free port between ${FIRST} and ${LAST} after ${ATTEMPTS} attempts`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
      .once('error', () => resolve(false))
      .listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

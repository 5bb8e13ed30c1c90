// Whether a TCP port is in use, and on this machine by whom: what a person needs to know when something cannot have it.
import { readFile, readlink } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { holderOf } from './holder.ts';

export function portIsFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}

const ANSWERS_WITHIN_MS = 3_000;

/** Whether anybody listens there, whatever it is. */
export function answersAt({ protocol, hostname, port }: URL): Promise<boolean> {
  return new Promise((resolve) => {
    const host = hostname.replaceAll(/[[\]]/g, '');
    const socket = connect({ host, port: Number(port || (protocol === 'https:' ? 443 : 80)) });
    const done = (answers: boolean): void => {
      socket.destroy();
      resolve(answers);
    };
    socket.setTimeout(ANSWERS_WITHIN_MS, () => done(false));
    socket.once('connect', () => done(true));
    socket.once('error', () => done(false));
  });
}

/** The command line and pid of the listener, as far as this user may see it; undefined where the system does not tell. */
export async function portHolder(port: number): Promise<string | undefined> {
  const inode = await listeningInode(port);
  if (inode === undefined) return undefined;
  return holderOf(async (descriptor) => {
    const target = await readlink(descriptor).catch(() => '');
    return target === `socket:[${inode}]`;
  });
}

const LISTEN = '0A';

/** From the kernel's table of sockets, where there is one (Linux). */
async function listeningInode(port: number): Promise<string | undefined> {
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    const lines = (await readFile(table, 'utf8').catch(() => '')).split('\n').slice(1);
    for (const line of lines) {
      const [, local = '', , state, , , , , , inode] = line.trim().split(/\s+/);
      if (state === LISTEN && Number.parseInt(local.split(':')[1] ?? '', 16) === port) return inode;
    }
  }
  return undefined;
}

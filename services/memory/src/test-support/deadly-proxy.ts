// Stands before a server and lets everything through, until the moment for which it is armed: then it calls back, before a request went
// on or before its answer goes back, and only goes on when that has resolved.
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Moment = 'before' | 'after';

export interface DeadlyProxy extends AsyncDisposable {
  readonly url: string;
  /** At the n-th request from now on, once. Disarmed by the next call. */
  arm(n: number, moment: Moment, strike: () => Promise<void>): void;
  /** Whether it struck since it was armed. */
  readonly struck: boolean;
  /** How many requests came. */
  readonly seen: number;
}

export async function startDeadlyProxy(target: string): Promise<DeadlyProxy> {
  let armed: { left: number; readonly moment: Moment; readonly strike: () => Promise<void> } | undefined;
  let struck = false;
  let seen = 0;

  async function pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = Buffer.concat((await request.toArray()) as Buffer[]);
    const deadly = armed;
    if (deadly !== undefined) deadly.left -= 1;
    const strikes = deadly?.left === 0;
    seen += 1;
    const strike = async (moment: Moment): Promise<void> => {
      if (!strikes || deadly.moment !== moment) return;
      await deadly.strike();
      struck = true;
    };
    await strike('before');
    const { method = 'GET', url = '/' } = request;
    const answer = await fetch(`${target}${url}`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body.length === 0 ? {} : { body }),
    });
    const text = await answer.text();
    await strike('after');
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(text);
  }

  const server = createServer((request, response) => {
    pass(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    arm(n, moment, strike) {
      struck = false;
      armed = { left: n, moment, strike };
    },
    get struck() {
      return struck;
    },
    get seen() {
      return seen;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

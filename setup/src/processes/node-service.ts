// Runs one of our services: a TypeScript file on the Node that runs this. A service says that it is ready by one line on
// stdout, a JSON object with `"msg":"ready"`; its other fields (ports, urls) are handed on. Restarting is the caller's.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Environment } from '../components/command.ts';
import { SetupError } from '../setup-error.ts';
import { type GuardedProcess, type Launch, startGuarded } from './guarded-process.ts';
import { endedEarly } from './until-healthy.ts';

export type NodeServiceOptions = {
  readonly name: string;
  /** Absolute path of the TypeScript file. */
  readonly entry: string;
  readonly args?: readonly string[];
  /** The environment of the service: nothing is added but where Node keeps compiled code, if this process has such a place. */
  readonly env: Environment;
  readonly cwd?: string;
  /** Default 30 s. */
  readonly readyWithinMs?: number;
  readonly onLine?: Launch['onLine'];
};

export type Ready = Readonly<Record<string, unknown>>;

export type NodeService = GuardedProcess & {
  /** The fields of the ready line. Errors: `process_ended`, `not_ready`, each with the service's last lines. */
  readonly ready: Promise<Ready>;
};

/** Starts at once; await `ready` before using it. */
export function startNode(options: NodeServiceOptions): NodeService {
  const { name, entry, args = [], env, cwd, readyWithinMs = 30_000, onLine } = options;
  const { promise: said, resolve: say } = Promise.withResolvers<Ready>();
  const service = startGuarded({
    name,
    command: process.execPath,
    args: [entry, ...args],
    env: { ...compileCache(), ...env },
    cwd,
    onLine: (line, from) => {
      const ready = from === 'stdout' ? readyLine(line) : undefined;
      if (ready !== undefined) say(ready);
      onLine?.(line, from);
    },
  });
  const ready = firstOf(service, said, readyWithinMs);
  ready.catch(() => undefined); // who does not await it learns the same from `exited`
  return { ...service, ready };
}

const compileCache = (): Environment => {
  const folder = process.env['NODE_COMPILE_CACHE'];
  return folder === undefined ? {} : { NODE_COMPILE_CACHE: folder };
};

async function firstOf(service: GuardedProcess, said: Promise<Ready>, withinMs: number): Promise<Ready> {
  const timer = new AbortController();
  const late = sleep(withinMs, undefined, { signal: timer.signal }).then(() => {
    const message = `${service.name} runs but did not say that it is ready within ${withinMs / 1000} s. Its last lines:`;
    throw new SetupError('not_ready', `${message}\n${service.tail()}`);
  });
  const ended = service.exited.then((exit) => {
    throw endedEarly(service, exit);
  });
  for (const loser of [late, ended]) loser.catch(() => undefined);
  try {
    return await Promise.race([said, late, ended]);
  } finally {
    timer.abort();
  }
}

function readyLine(line: string): Ready | undefined {
  if (!line.includes('"ready"')) return undefined;
  try {
    const fields: unknown = JSON.parse(line);
    if (typeof fields !== 'object' || fields === null || !('msg' in fields)) return undefined;
    return fields.msg === 'ready' ? { ...fields } : undefined;
  } catch {
    return undefined; // a line of plain text
  }
}

// A logger that keeps everything it is handed, to its last nested field, so that tests can look for what must never stand
// in a log line.
import { inspect } from 'node:util';
import { createLogger } from '@troupe/shared';
import type { Logger } from '@troupe/shared';

const LEVELS: ReadonlySet<string | symbol> = new Set(['debug', 'info', 'warn', 'error']);

export function keptLogger(): { logger: Logger; lines: string[] } {
  const lines: string[] = [];
  const keep = (...handed: unknown[]): void => {
    lines.push(`${inspect(handed, { depth: 20, showHidden: true })}\n`);
  };
  const logger: Logger = new Proxy(createLogger('llm-gateway', 'silent'), {
    get(target, property): unknown {
      if (LEVELS.has(property)) return keep;
      if (property === 'child') return () => logger;
      return Reflect.get(target, property);
    },
  });
  return { logger, lines };
}

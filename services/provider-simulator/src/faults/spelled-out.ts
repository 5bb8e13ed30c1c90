// A scripted fault as one endpoint can show it: errors in the provider's own words, and what would break a stream broken
// differently where there is none.
import type { Family } from '../protocol/errors.ts';
import { knownError } from '../protocol/known-errors.ts';
import type { Fault } from './action.ts';

export type PlainFault = Exclude<Fault, { kind: 'known_error' }>;
export type ErrorFault = Extract<Fault, { kind: 'error' | 'error_event' | 'response_failed' }>;

export function spelledOut(
  fault: Fault | undefined,
  family: Family,
  stream: boolean,
): PlainFault | undefined {
  switch (fault?.kind) {
    case undefined:
      return undefined;
    case 'known_error': {
      const { status, message, type, code, param } = knownError(family, fault.error);
      return { kind: 'error', status, message, type, code, param, headers: fault.headers };
    }
    case 'error_event':
    case 'response_failed':
      return stream ? fault : withoutStream(fault);
    default:
      return fault;
  }
}

/** Without a stream there is no event to break it with: the same fault is then an HTTP error. */
function withoutStream({ type, code, message }: ErrorFault): PlainFault {
  return { kind: 'error', status: 500, type, code, message };
}

// What every provider call has in common between its arrival and its delivery, whichever endpoint it came to.
import type { IncomingHttpHeaders } from 'node:http';
import type { Delivery, WireAnswer } from './faults/delivery.ts';
import type { Script } from './faults/script.ts';
import type { ErrorFault } from './faults/spelled-out.ts';
import type { Details } from './ledger.ts';
import type { Usage } from './model/tokens.ts';
import type { ApiFault } from './protocol/errors.ts';
import { piece } from './protocol/sse.ts';

export interface Incoming {
  readonly requestId: string;
  readonly at: Date;
  readonly keyHash: string;
  readonly headers: IncomingHttpHeaders;
  /** The body as it came; undefined if it was too large to read. */
  readonly raw: string | undefined;
  /** Calls in work at the same model, this one included. */
  readonly atOnce: number;
  /** The body parsed; undefined if it is not JSON. */
  readonly body: unknown;
}

/** What answering a call needs beside the call. */
export interface Workings {
  readonly script: Script;
  /** Characters per streamed delta. */
  readonly deltaLength: number;
}

export interface Prepared {
  readonly delivery: Delivery;
  readonly details: Details;
}

/** A JSON body in two halves, so that it can be cut and stalled like a stream; it says nothing before it is whole. */
export function jsonAnswer(body: object, says: number, usage: Usage | undefined): WireAnswer {
  const text = JSON.stringify(body);
  const middle = Math.ceil(text.length / 2);
  return {
    contentType: 'application/json',
    events: [piece(text.slice(0, middle))],
    ending: [piece(text.slice(middle), says, usage)],
  };
}

/** A scripted error with everything that the dialect needs to put it into words. */
export function faultOf(scripted: ErrorFault): ApiFault {
  const { type, code } = scripted;
  const status = scripted.kind === 'error' ? scripted.status : 500;
  const message = scripted.message ?? `[provider-simulator] Scripted error ${type ?? status}.`;
  const param = scripted.kind === 'error' ? scripted.param : undefined;
  return { status, message, type, code, param };
}

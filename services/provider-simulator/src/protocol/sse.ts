// Server-sent events as text. Frames are plain strings, made before the first byte is sent: a fault then only has to
// decide which of them leave the process, and an answer of many events costs one write.

import type { Usage } from '../model/tokens.ts';

/** A part of an answer that leaves the process as one. */
export interface Piece {
  readonly text: string;
  /** Characters of the model's own words in it. */
  readonly says: number;
  /** The usage that the client knows of once it has read this. */
  readonly tells?: Usage | undefined;
}

/** The events of one streamed answer. `ending` holds those that tell the client that the answer is whole. */
export interface EventStream {
  readonly events: readonly Piece[];
  readonly ending: readonly Piece[];
}

export const piece = (text: string, says = 0, tells?: Usage): Piece => ({ text, says, tells });

export const namedEvent = (name: string, data: object): string =>
  `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;

export const dataEvent = (data: object): string => `data: ${JSON.stringify(data)}\n\n`;

/** Characters per delta where nothing else is asked for: about ten tokens. */
export const DEFAULT_DELTA_LENGTH = 40;

export const DONE_EVENT = 'data: [DONE]\n\n';

/** Splits `text` into deltas of at most `length` characters, never inside a surrogate pair. */
export function pieces(text: string, length: number): string[] {
  return text.match(new RegExp(`[^]{1,${length}}`, 'gu')) ?? [];
}

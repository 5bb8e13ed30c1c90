// What turns texts into vectors. One model per process: another one is never a fallback, since vectors of different models
// cannot be compared.

import type { Timer } from '../timer.ts';

export interface Embedder {
  /** Names what made the vectors. */
  readonly model: string;
  readonly dimensions: number;
  /** One vector per text, in the texts' order, within the time that is left. */
  embed(texts: readonly string[], time: Pick<Timer, 'signal' | 'leftMs'>): Promise<number[][]>;
}

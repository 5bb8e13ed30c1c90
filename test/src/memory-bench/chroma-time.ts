// What the timed memory service tells the bench, over core NATS.

export const CHROMA_TIME_SUBJECT = 'bench.chroma-time';

/** Of all requests to Chroma since the service began; those that were on their way at once are added up. */
export interface ChromaTime {
  readonly requests: number;
  readonly ms: number;
}

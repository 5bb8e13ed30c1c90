// What the bench asks of its load generator, over core NATS: one command at a time, answered when it is done.

/** Who asks for all the workflows of the bench. */
export const BENCH_USER = 'bench';

export const LOAD_SUBJECT = 'bench.load';

/** Keep `concurrency` workflows in flight for `seconds`, then let the last ones end. */
export interface Drive {
  readonly kind: 'drive';
  /** Workflow ids are `<run>-<n>`. */
  readonly run: string;
  readonly workflowType: string;
  readonly concurrency: number;
  readonly seconds: number;
}

export interface Driven {
  /** All of them ended with `workflow.completed`: anything else is an error. */
  readonly workflows: number;
  /** From the first publish to the last completion. */
  readonly seconds: number;
  /** From the publish at the door to the completion at a plain subscription. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Keep `concurrency` JetStream publishes of `bytes` each in flight for `seconds`. */
export interface Publish {
  readonly kind: 'publish';
  /** Subjects are `<prefix>.<n>`; their stream must exist. */
  readonly prefix: string;
  readonly concurrency: number;
  readonly bytes: number;
  readonly seconds: number;
}

export interface Published {
  readonly messages: number;
  readonly seconds: number;
}

export type Command = Drive | Publish;
export type Reply<Result> = { readonly result: Result } | { readonly error: string };

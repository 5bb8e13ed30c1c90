// What a message contract is. One file per message in messages/, all of them listed in catalogue.ts.
import type { z } from 'zod';

export type Service = 'planner' | 'llm-gateway' | 'tool-executor' | 'memory';
/**
 * Who may write a message into the log. Door and clock are the planner's two ways in from outside the fold; `planner:given-up` answers
 * requests whose workers died.
 */
export type Writer = Service | 'planner:door' | 'planner:clock' | 'planner:given-up';
export type Reader = Service | 'user';

export interface MessageContract<Type extends string = string, Schema extends z.ZodType = z.ZodType> {
  /** `<domain>.<event>`; a breaking change is a new type, never a new meaning of an old one. */
  readonly type: Type;
  readonly version: number;
  readonly writers: readonly Writer[];
  readonly readers: readonly Reader[];
  /** Readers ignore unknown fields (zod strips them); writers emit what parsing leaves, so exactly the schema. */
  readonly schema: Schema;
  readonly example: z.input<Schema>;
}

/** Declares a message; only fixes the types. */
export function defineMessage<const Type extends string, Schema extends z.ZodType>(
  contract: MessageContract<Type, Schema>,
): MessageContract<Type, Schema> {
  return contract;
}

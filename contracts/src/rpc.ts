// Queries between services, as NATS micro services: they change nothing and stand in no log. The user of a query is the
// last token of its subject, never a field of its body.
import { z } from 'zod';
import { Failure } from './failure.ts';
import { MemorySnippet, Unreadable } from './memory.ts';

export const EmbedRequest = z.object({ texts: z.array(z.string().min(1).max(32_000)).min(1).max(256) });
export type EmbedRequest = z.infer<typeof EmbedRequest>;

/** `model` names what made the vectors: vectors of different models are never compared. */
export const EmbedResponse = z.object({
  model: z.string(),
  dimensions: z.int().positive(),
  vectors: z.array(z.array(z.number())),
});
export type EmbedResponse = z.infer<typeof EmbedResponse>;

export const SearchRequest = z.object({ query: z.string().min(1).max(8_000), k: z.int().min(1).max(50) });
export type SearchRequest = z.infer<typeof SearchRequest>;

export const SearchResponse = z.object({ snippets: z.array(MemorySnippet), unreadable: Unreadable });
export type SearchResponse = z.infer<typeof SearchResponse>;

export const ModelsRequest = z.object({});

/** What the gateway asks, chosen from the models that are configured and the keys that it has. */
export const ModelsResponse = z.object({
  chain: z.array(z.string()).describe('provider/model, in the order in which they are asked'),
  skipped: z.array(z.string()).describe('configured, but without a key'),
  substituted: z.boolean().describe('no configured model has a key: the chain is a default model'),
  embeddings: z.string(),
});
export type ModelsResponse = z.infer<typeof ModelsResponse>;

/** Every reply is one of these two. `retryable`: the same query may succeed later. */
export const rpcReply = <Schema extends z.ZodType>(result: Schema) =>
  z.union([z.object({ result }), z.object({ error: Failure, retryable: z.boolean() })]);

export const rpc = {
  embed: { service: 'llm-gateway', method: 'embed', request: EmbedRequest, response: EmbedResponse },
  models: { service: 'llm-gateway', method: 'models', request: ModelsRequest, response: ModelsResponse },
  searchMemory: { service: 'memory', method: 'search', request: SearchRequest, response: SearchResponse },
} as const;
export type Rpc = (typeof rpc)[keyof typeof rpc];

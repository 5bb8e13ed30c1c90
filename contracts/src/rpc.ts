// Queries between services, as NATS micro services: they change nothing and stand in no log. The user of a query is the
// last token of its subject, never a field of its body.
import { z } from 'zod';
import { Failure } from './failure.ts';
import { WorkflowId } from './ids.ts';
import {
  ErasureJob,
  ForgetScope,
  MemoryItem,
  MemoryJob,
  MemorySnippet,
  Rebuilding,
  RebuildJob,
  Unreadable,
} from './memory.ts';

export const EmbedRequest = z.object({ texts: z.array(z.string().min(1).max(32_000)).min(1).max(256) });
export type EmbedRequest = z.infer<typeof EmbedRequest>;

/** `model` names what made the vectors: vectors of different models are never compared. */
export const EmbedResponse = z.object({
  model: z.string(),
  dimensions: z.int().positive(),
  vectors: z.array(z.array(z.number())),
});
export type EmbedResponse = z.infer<typeof EmbedResponse>;

export const SearchRequest = z.object({
  query: z.string().min(1).max(8_000),
  k: z.int().min(1).max(50),
  workflow_id: WorkflowId.optional().describe('only what this run left'),
});
export type SearchRequest = z.infer<typeof SearchRequest>;

export const SearchResponse = z.object({
  snippets: z.array(MemorySnippet),
  unreadable: Unreadable,
  rebuilding: Rebuilding,
});
export type SearchResponse = z.infer<typeof SearchResponse>;

export const ListMemoryRequest = z.object({
  limit: z.int().min(1).max(100).default(50),
  after: z.string().max(200).optional().describe('the `next` of the page before'),
  workflow_id: WorkflowId.optional().describe('only what this run left'),
});
export type ListMemoryRequest = z.infer<typeof ListMemoryRequest>;

/** A page of the user's records; `next` is there where more follow. */
export const ListMemoryResponse = z.object({
  records: z.array(MemoryItem),
  next: z.string().optional(),
  unreadable: Unreadable,
  rebuilding: Rebuilding,
});
export type ListMemoryResponse = z.infer<typeof ListMemoryResponse>;

/** Asking again for what is under way answers how far it is. */
export const ForgetRequest = z.object({ scope: ForgetScope });
export type ForgetRequest = z.infer<typeof ForgetRequest>;

export const RebuildRequest = z.object({});

/** The user's jobs, newest first: those under way, and those that ended lately. */
export const MemoryStatusRequest = z.object({});
export const MemoryStatusResponse = z.object({
  records: z.int().nonnegative().optional().describe('absent while the store or its keys are away'),
  model: z
    .string()
    .optional()
    .describe('what made the vectors that are searched; absent where nothing is stored'),
  projected_seq: z
    .int()
    .nonnegative()
    .optional()
    .describe('the last event of the log that is in the memory; absent as `records` is'),
  jobs: z.array(MemoryJob),
});
export type MemoryStatusResponse = z.infer<typeof MemoryStatusResponse>;

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
  listMemory: { service: 'memory', method: 'list', request: ListMemoryRequest, response: ListMemoryResponse },
  forgetMemory: { service: 'memory', method: 'forget', request: ForgetRequest, response: ErasureJob },
  rebuildMemory: { service: 'memory', method: 'rebuild', request: RebuildRequest, response: RebuildJob },
  memoryStatus: {
    service: 'memory',
    method: 'status',
    request: MemoryStatusRequest,
    response: MemoryStatusResponse,
  },
} as const;
export type Rpc = (typeof rpc)[keyof typeof rpc];

// search_memory: what earlier runs of the same user left, asked of the memory service.
import { z } from 'zod';
import type { SearchRequest, UserId } from '@troupe/contracts';
import { SearchResponse } from '@troupe/contracts';
import { TerminalError } from '@troupe/shared';
import { defineTool, ToolError } from '../tool.ts';

export const searchMemory = (options: {
  /** Throws as the kernel's `callRpc`. */
  readonly search: (user: UserId, request: SearchRequest) => Promise<SearchResponse>;
}) =>
  defineTool({
    name: 'search_memory',
    description: "Searches what is remembered from the user's earlier runs, by meaning.",
    input: z.object({
      query: z.string().trim().min(1).max(2_000),
      k: z.int().min(1).max(20).default(4).describe('how many at most'),
    }),
    // As memory says it: where it is being rebuilt, nothing found does not mean that there is nothing.
    output: SearchResponse,
    effect: 'read',
    timeoutSeconds: 15,
    async run(request, { user }) {
      try {
        return await options.search(user, request);
      } catch (error) {
        // Memory answered that it cannot: that is an answer. No answer at all is a fault, and tried again.
        if (error instanceof TerminalError)
          throw new ToolError(error.failure, { retryable: true, cause: error });
        throw error;
      }
    },
  });

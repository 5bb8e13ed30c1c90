// The adapter for servers that speak OpenAI's Chat Completions API, such as those of local models, on the official SDK with its
// retries off. Always streamed; success is a finish reason, and neither [DONE] nor a count of tokens is insisted on.
import type OpenAI from 'openai';
import type { Provider } from '../generation.ts';
import { ChatAssembly } from './chat-assembly.ts';
import { chatBody } from './chat-request.ts';
import { callOptions } from './clients.ts';
import { estimatedUsage } from './usage.ts';

export const openaiChat = (client: OpenAI): Provider => ({
  async generate(call) {
    const { progress } = call;
    const stream = await client.chat.completions.create(chatBody(call), callOptions(call));
    const assembly = new ChatAssembly();
    try {
      for await (const chunk of stream) {
        const grown = assembly.add(chunk);
        if (assembly.usage !== undefined) progress.used(assembly.usage);
        if (assembly.isWhole) progress.whole();
        else if (grown !== undefined) progress.content(grown);
      }
    } catch (error) {
      // Once the answer is whole, how the connection ends is of no interest.
      if (!assembly.isWhole) throw error;
    }
    const answer = assembly.answer();
    if (assembly.usage !== undefined) return { ...answer, usage: assembly.usage };
    return { ...answer, usage: estimatedUsage(call.request, assembly.written), usageReported: false };
  },
});

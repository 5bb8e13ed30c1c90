// The adapter for Anthropic's Messages API, on the official SDK with its retries and telemetry off. Always streamed, and
// read from the raw events: the SDK's own assembly parses cut tool arguments leniently, and its iterator ends the same way
// when a stream is cut. Success is message_stop behind a stop reason.
import type Anthropic from '@anthropic-ai/sdk';
import type { Provider } from '../generation.ts';
import { AnswerAssembly } from './anthropic-assembly.ts';
import { messagesBody } from './anthropic-request.ts';
import { callOptions } from './clients.ts';

export const anthropicMessages = (client: Anthropic): Provider => ({
  async generate(call) {
    const { progress } = call;
    const stream = await client.messages.create(messagesBody(call), callOptions(call));
    const assembly = new AnswerAssembly();
    try {
      for await (const event of stream) {
        const grown = assembly.add(event);
        if (event.type === 'message_start' || event.type === 'message_delta') progress.used(assembly.used);
        if (assembly.isWhole) progress.whole();
        else if (grown !== undefined) progress.content(grown);
      }
    } catch (error) {
      // Once the answer is whole, how the connection ends is of no interest.
      if (!assembly.isWhole) throw error;
    }
    return assembly.answer();
  },
});

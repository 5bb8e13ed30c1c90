// The shipped memory service, with a watch on its requests to Chroma: it runs from the request until the whole answer is there. Whoever
// asks over core NATS is told what it shows. Chroma is all that this process fetches from.
import { runService } from '@troupe/shared';
import { readConfig } from '../../../services/memory/src/config.ts';
import { startMemory } from '../../../services/memory/src/start.ts';
import type { ChromaTime } from './chroma-time.ts';
import { CHROMA_TIME_SUBJECT } from './chroma-time.ts';

let time: ChromaTime = { requests: 0, ms: 0 };

const plainFetch = globalThis.fetch;
globalThis.fetch = async (...request) => {
  const startedAt = performance.now();
  try {
    const response = await plainFetch(...request);
    await response.clone().arrayBuffer();
    return response;
  } finally {
    time = { requests: time.requests + 1, ms: time.ms + performance.now() - startedAt };
  }
};

await runService({
  name: 'memory',
  readConfig,
  start: (kernel, config, onFatal) => {
    kernel.connection.subscribe(CHROMA_TIME_SUBJECT, {
      callback: (_error, message) => void message.respond(JSON.stringify(time)),
    });
    return startMemory(kernel, config, onFatal);
  },
});

// One call for embeddings, up to the point where bytes are sent. Does no I/O.
import { faultOf, type Incoming, jsonAnswer, type Prepared, type Workings } from './call.ts';
import { effectOf } from './faults/action.ts';
import { delayed, deliveryOf } from './faults/delivery.ts';
import { embeddingBody, parseEmbeddingRequest } from './protocol/embeddings.ts';
import { errorText } from './protocol/errors.ts';

/** Throws ApiError for a request that the provider would refuse. */
export function prepareEmbedding(incoming: Incoming, { script }: Workings): Prepared {
  const request = parseEmbeddingRequest(incoming.body);
  const action = script.take({
    endpoint: 'embeddings',
    model: request.model,
    keyHash: incoming.keyHash,
    text: request.texts.join('\n'),
  });
  const { delayMs, fault } = effectOf(action);
  const answer = jsonAnswer(embeddingBody(request));
  const delivery = deliveryOf(fault, answer, (error) =>
    errorText('openai', faultOf(error), incoming.requestId),
  );
  return {
    delivery: delayed(delivery, delayMs),
    usage: { inputTokens: request.inputTokens, outputTokens: 0 },
    details: { stream: false, goal: request.texts[0] ?? '', scripted: action?.kind ?? null },
  };
}

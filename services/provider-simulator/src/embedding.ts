// One call for embeddings, up to the point where bytes are sent. Does no I/O.
import { faultOf, type Incoming, jsonAnswer, type Prepared, type Workings } from './call.ts';
import { effectOf } from './faults/action.ts';
import { delayed, deliveryOf } from './faults/delivery.ts';
import { spelledOut } from './faults/spelled-out.ts';
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
    inputTokens: request.inputTokens,
    atOnce: incoming.atOnce,
    has: (parameter) => parameter in Object(incoming.body),
  });
  const { delayMs, fault, vectors } = effectOf(action);
  const usage = { inputTokens: request.inputTokens, outputTokens: 0 };
  const answer = jsonAnswer(embeddingBody(request, vectors), 0, usage);
  const delivery = deliveryOf(spelledOut(fault, 'openai', false), answer, (error) =>
    errorText('openai', faultOf(error), incoming.requestId),
  );
  return {
    delivery: delayed(delivery, delayMs),
    details: {
      stream: false,
      goal: request.texts[0] ?? '',
      scripted: action?.kind ?? null,
      prompt_tokens: request.inputTokens,
    },
  };
}

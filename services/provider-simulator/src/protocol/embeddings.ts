// OpenAI's Embeddings API. Vectors come from the words of a text (see ../model/lexical-vector.ts), in the provider's two
// encodings: little-endian float32 in base64, which the SDK asks for by default, or plain numbers.
import { z } from 'zod';
import { lexicalVector } from '../model/lexical-vector.ts';
import { countTokens } from '../model/tokens.ts';
import { ApiError, parseBody } from './errors.ts';

const MAX_INPUTS = 2_048;
const MAX_INPUT_TOKENS = 8_192;
const MAX_REQUEST_TOKENS = 300_000;
const DEFAULT_DIMENSIONS = 1_536;
const MAX_DIMENSIONS = 3_072;

const Text = z.string().min(1);
const TokenIds = z.array(z.number().int()).min(1);

const Body = z.object({
  model: z.string().min(1),
  input: z.union([
    Text,
    TokenIds,
    z.array(Text).min(1).max(MAX_INPUTS),
    z.array(TokenIds).min(1).max(MAX_INPUTS),
  ]),
  dimensions: z.number().int().min(1).max(MAX_DIMENSIONS).optional(),
  encoding_format: z.enum(['float', 'base64']).optional(),
});

export interface EmbeddingRequest {
  readonly model: string;
  readonly texts: readonly string[];
  readonly dimensions: number;
  readonly encoding: 'float' | 'base64';
  readonly inputTokens: number;
}

/** Throws ApiError with OpenAI's own 400. */
export function parseEmbeddingRequest(raw: unknown): EmbeddingRequest {
  const body = parseBody('openai', Body, raw);
  const texts = textsOf(body.input);
  const tokens = texts.map(countTokens);
  const total = tokens.reduce((sum, count) => sum + count, 0);
  if (tokens.some((count) => count > MAX_INPUT_TOKENS) || total > MAX_REQUEST_TOKENS) {
    const message = `At most ${MAX_INPUT_TOKENS} tokens per input and ${MAX_REQUEST_TOKENS} per request are allowed.`;
    throw new ApiError({ status: 400, message, param: 'input' });
  }
  const dimensions = body.model === 'text-embedding-3-large' ? MAX_DIMENSIONS : DEFAULT_DIMENSIONS;
  return {
    model: body.model,
    texts,
    dimensions: body.dimensions ?? dimensions,
    encoding: body.encoding_format ?? 'float',
    inputTokens: total,
  };
}

function textsOf(input: z.infer<typeof Body>['input']): string[] {
  if (typeof input === 'string') return [input];
  if (typeof input[0] === 'number') return [input.join(' ')];
  return input.map((item) => (Array.isArray(item) ? item.join(' ') : String(item)));
}

/** `scripted` changes what comes back, not what was asked for. */
export function embeddingBody(
  request: EmbeddingRequest,
  scripted: { readonly dimensions?: number | undefined; readonly reversed?: boolean | undefined } = {},
): object {
  const { dimensions = request.dimensions, reversed = false } = scripted;
  const data = request.texts.map((text, index) => ({
    object: 'embedding',
    index,
    embedding: encode(lexicalVector(text, dimensions), request.encoding),
  }));
  return {
    object: 'list',
    model: request.model,
    data: reversed ? data.reverse() : data,
    usage: { prompt_tokens: request.inputTokens, total_tokens: request.inputTokens },
  };
}

function encode(vector: Float32Array, encoding: 'float' | 'base64'): string | number[] {
  if (encoding === 'float') return Array.from(vector);
  return Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString('base64');
}

// What the labelled set is embedded with: the offline embedding, or with OPENAI_API_KEY the provider's own, so that both are measured alike.
import { z } from 'zod';
import { lexicalVector } from '../../../services/llm-gateway/src/embedding/lexical.ts';
import type { Embed } from '../../../services/memory/src/embedder.ts';

const OPENAI_MODEL = 'text-embedding-3-small';
const TIMEOUT_MS = 30_000;

const Answer = z.object({ data: z.array(z.object({ embedding: z.array(z.number()) })) });

const key = process.env['OPENAI_API_KEY'];

/** Only this one's figures are guarded. */
export const isOffline = key === undefined;
export const model = isOffline ? 'lexical-384' : OPENAI_MODEL;

async function vectorsOf(texts: readonly string[]): Promise<readonly (readonly number[])[]> {
  if (key === undefined) return texts.map(lexicalVector);
  const base = process.env['OPENAI_BASE_URL'] ?? 'https://api.openai.com/v1';
  const response = await fetch(`${base}/embeddings`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: OPENAI_MODEL, input: texts, encoding_format: 'float' }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (!response.ok) throw new Error(`The provider answered ${response.status}.`);
  return Answer.parse(await response.json()).data.map(({ embedding }) => embedding);
}

export const embed: Embed = async (_user, items) => {
  const vectors = await vectorsOf(items.map(({ text }) => text));
  return items.map((item, i) => ({ ...item, embedding: { model, vector: vectors[i] ?? [] } }));
};

// How many records there are, asked of Chroma itself: the one thing that the bench does not take the service's word for.
import { z } from 'zod';

const DATABASE = 'api/v2/tenants/default_tenant/databases/default_database';
const MOST_COLLECTIONS = 10_000;

/** In all collections together. */
export async function recordsIn(chromaUrl: string): Promise<number> {
  const collections = z
    .array(z.object({ id: z.string() }))
    .parse(await json(`${chromaUrl}/${DATABASE}/collections?limit=${MOST_COLLECTIONS}`));
  let records = 0;
  for (const { id } of collections)
    records += z.int().parse(await json(`${chromaUrl}/${DATABASE}/collections/${id}/count`));
  return records;
}

async function json(url: string): Promise<unknown> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`Chroma answered ${response.status} to ${url}`);
  return response.json();
}

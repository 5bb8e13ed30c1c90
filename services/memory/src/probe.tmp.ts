import { ChromaClient } from 'chromadb';
import { mkdtempSync } from 'node:fs';
import { startChroma, findChroma, localDir } from '@troupe/setup';
const env = process.env; const f = await findChroma({ env, localDir, report: () => {} });
await using s = await startChroma({ command: f.command, args: f.args, env, dataDir: mkdtempSync('/tmp/memlab/rss-') });
const c = new ChromaClient({ host: '127.0.0.1', port: Number(new URL(s.url).port) });
const rnd = (D: number) => Array.from({ length: D }, () => Math.random() - 0.5);
const cols = [];
let fails = 0; const msgs = new Map<string, number>();
const tryq = async (col: any, tag: string) => { try { const r = await col.query({ queryEmbeddings: [rnd(256)], nResults: 50 }); if (r.ids[0].length !== 1) msgs.set(tag + ' short', (msgs.get(tag + ' short') ?? 0) + 1); return true; } catch (e) { fails++; const m = tag + ' ' + (e as Error).message; msgs.set(m, (msgs.get(m) ?? 0) + 1); return false; } };
for (let i = 0; i < 150; i++) {
  const col = await c.getOrCreateCollection({ name: `workflow_context_${i}`, embeddingFunction: null, configuration: { hnsw: { space: 'cosine', max_neighbors: 64, ef_construction: 400, ef_search: 500 } } });
  await col.upsert({ ids: ['1'], embeddings: [rnd(256)], documents: ['a'] });
  cols.push(col);
  await tryq(col, 'just written');
}
console.log('after writing', [...msgs]); msgs.clear();
for (const [i, col] of cols.entries()) if (!(await tryq(col, 'second pass'))) { const ok: boolean[] = []; for (let k = 0; k < 3; k++) { await new Promise(r => setTimeout(r, 200)); ok.push(await tryq(col, 'again')); } if (i < 5) console.log(i, ok.join()); }
console.log('second', [...msgs]); msgs.clear();
await Promise.all(cols.map((col) => tryq(col, 'concurrent')));
console.log([...msgs]);

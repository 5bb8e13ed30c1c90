import { ChromaClient } from 'chromadb';
const c = new ChromaClient({ host: '127.0.0.1', port: 18123 });
let n = 0;
const D = 384;
const rnd = () => Array.from({ length: D }, () => Math.random() - 0.5);
const near = (b: number[], e: number) => b.map((x) => x + (Math.random() - 0.5) * e);
const sets: Record<string, number[][]> = {};
for (const [N, e] of [[2000, 0.001], [2000, 0.05], [5000, 0.05]] as const) {
  const base = rnd();
  sets[`cluster${N}+40 noise ${e}`] = Array.from({ length: N }, (_, i) => (i % (N / 40) !== 0 ? near(base, e) : rnd()));
}
const configs: Record<string, object> = { M64c200s200: { max_neighbors: 64, ef_construction: 200, ef_search: 200 }, M64c200s500: { max_neighbors: 64, ef_construction: 200, ef_search: 500 }, M64c400s500: { max_neighbors: 64, ef_construction: 400, ef_search: 500 }, M96c200s200: { max_neighbors: 96, ef_construction: 200, ef_search: 200 }};
const cos = (a: number[], b: number[]) => { let d = 0, x = 0, y = 0; for (let i = 0; i < a.length; i++) { d += a[i]! * b[i]!; x += a[i]! ** 2; y += b[i]! ** 2; } return d / Math.sqrt(x * y); };
for (const [set, vs] of Object.entries(sets)) {
  for (const [label, hnsw] of Object.entries(configs)) {
    const name = `workflow_context_p${Date.now()}${n++}`;
    const col = await c.getOrCreateCollection({ name, embeddingFunction: null, configuration: { hnsw: { space: 'cosine', ...hnsw } } });
    const t0 = performance.now();
    for (let i = 0; i < vs.length; i += 20) { const is = Array.from({ length: Math.min(20, vs.length - i) }, (_, j) => i + j);
      await col.add({ ids: is.map(String), embeddings: is.map((j) => vs[j]!), documents: is.map(String) }); }
    const ins = (performance.now() - t0) / vs.length;
    let own = 0, rec = 0, want = 0, qt = 0; const K = 16; const step = vs.length / 40;
    for (let q = 0; q < vs.length; q += step) {
      const v = near(vs[q]!, 0.01);
      const s = performance.now();
      const r = await col.query({ queryEmbeddings: [v], nResults: K, include: ['documents'] });
      qt += performance.now() - s;
      const exact = vs.map((x, i) => [cos(x, v), String(i)] as const).sort((a, b) => b[0] - a[0]).slice(0, K).map((x) => x[1]);
      want++; if (r.ids[0]!.includes(String(q))) own++; rec += exact.filter((x) => r.ids[0]!.includes(x)).length / K;
    }
    console.log(set, label, 'own', own, '/', want, 'recall@16', (rec / want).toFixed(3), 'add ms', ins.toFixed(1), 'q ms', (qt / want).toFixed(1));
    await c.deleteCollection({ name });
  }
}

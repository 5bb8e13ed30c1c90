// G39: vectors of one model and one length, in the order of their texts, or none at all.
import { rpc, UserId } from '@troupe/contracts';
import { callRpc } from '@troupe/shared';
import type { Judgement, Scenario } from '../scenario.ts';
import { judge } from '../scenario.ts';
import type { World } from '../world.ts';

const TEXTS = ['the tide', 'a boat returns', 'birds on the sand'];
const PATIENCE_MS = 60_000;

type Vectors = readonly (readonly number[])[] | undefined;

const told = (vectors: Vectors): string =>
  vectors === undefined ? 'an error' : `${vectors.length} of ${vectors[0]?.length ?? 0}`;

async function pinned(world: World): Promise<Judgement> {
  const embed = async (): Promise<Vectors> => {
    const call = { user: UserId.parse('user-1'), request: { texts: TEXTS }, timeoutMs: PATIENCE_MS };
    return (await callRpc(world.kernel.connection, rpc.embed, call).catch(() => undefined))?.vectors;
  };
  const match = { endpoint: 'embeddings' };
  const { simulator } = world.primary;
  const usual = await embed();
  await simulator.script({ match, then: { kind: 'vectors', reversed: true } });
  const reordered = await embed();
  await simulator.script({ match, times: null, then: { kind: 'vectors', dimensions: 512 } });
  const shorter = await embed();
  await simulator.clearScript();
  await simulator.script({ match, times: null, then: { kind: 'error', status: 503 } });
  const away = await embed();
  const calls = (await simulator.calls()).filter(({ endpoint }) => endpoint === 'embeddings');
  const models = new Set(calls.map(({ model }) => model));
  return judge({
    caller: `as usual ${told(usual)}; reordered ${told(reordered)}; shorter ${told(shorter)}; away ${told(away)}`,
    provider: `${calls.length} calls of ${[...models].join(' and ')}`,
    served:
      usual?.length === TEXTS.length && shorter === undefined && away === undefined ? 'as_due' : 'wrong',
    conduct: {
      'in the order of the texts': JSON.stringify(reordered) === JSON.stringify(usual),
      'one model only': models.size === 1,
    },
  });
}

export const embeddings: readonly Scenario[] = [
  { id: 'G39', title: 'embeddings keep model and length', dialects: ['responses'], run: pinned },
];

// Random faults that are the same in every run: what happens to a rule's n-th call depends on nothing but the seed and n.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { Action } from './action.ts';

export const Chance = z
  .strictObject({
    kind: z.literal('random'),
    seed: z.number().int(),
    rate: z.number().min(0).max(1).describe('share of the calls to which something happens'),
    among: z.array(Action).min(1).max(64).describe('each as likely as the others'),
  })
  .describe('one of several actions, or none, decided by the seed and the number of the call');
export type Chance = z.infer<typeof Chance>;

/** The action of the rule's call number `n`; undefined: the call is answered by plan. */
export function drawn({ seed, rate, among }: Chance, n: number): Action | undefined {
  const digest = createHash('sha256').update(`${seed}/${n}`).digest();
  if (fraction(digest, 0) >= rate) return undefined;
  return among[Math.floor(fraction(digest, 4) * among.length)];
}

/** From 0 (included) to 1 (excluded). */
const fraction = (digest: Buffer, at: number): number => digest.readUInt32BE(at) / 2 ** 32;

// Circuits of three gateways against a model of them: any order of questions, reports, readings and time.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CircuitWorld, OPEN_MS, permitOf, written } from '../test-support/circuit-world.ts';
import type { CircuitAnswer, Health, Permit } from './circuit.ts';
import { CIRCUIT_RULES } from './circuits.ts';

type Step =
  | { readonly kind: 'ask' | 'read'; readonly gateway: number }
  | { readonly kind: 'report'; readonly permit: number; readonly health: Health }
  | { readonly kind: 'pass'; readonly ms: number };
const gateway = fc.nat({ max: 2 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constantFrom('ask', 'ask', 'read'), gateway }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('report'),
      permit: fc.nat(),
      health: fc.constantFrom<Health>('good', 'bad', 'bad', 'bad', 'bad', 'slow', 'unknown'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('pass'), ms: fc.nat({ max: 90_000 }) }) },
);

/** Three gateways, and what is to be true of them: one probe at a time, and no permit while the circuit is open. */
class Model {
  readonly #world = new CircuitWorld({ opening: { ...CIRCUIT_RULES.opening, failures: 2 } });
  readonly #circuits = ['a', 'b', 'c'].map((name) => this.#world.gateway(name));
  readonly #permits: Permit[] = [];
  #probe: { readonly permit: Permit; readonly leaseEndsAt: number } | undefined;
  probes = 0;

  async take(taken: Step): Promise<void> {
    switch (taken.kind) {
      case 'pass':
        this.#world.now += taken.ms;
        break;
      case 'read':
        await this.#world.read(this.#circuits[taken.gateway]!);
        break;
      case 'report':
        this.#report(taken.permit, taken.health);
        break;
      case 'ask':
        this.#check(await this.#circuits[taken.gateway]!.ask());
    }
  }

  #report(index: number, health: Health): void {
    if (this.#permits.length === 0) return;
    const [permit] = this.#permits.splice(index % this.#permits.length, 1);
    permit?.report(health);
    if (permit === this.#probe?.permit) this.#probe = undefined;
  }

  #check(answer: CircuitAnswer): void {
    if (answer.kind === 'open') {
      assert.ok(answer.retryAfterMs > 0 && answer.retryAfterMs <= OPEN_MS);
      return;
    }
    const { permit } = answer;
    this.#permits.push(permit);
    if (!permit.probe) return;
    const { now } = this.#world;
    assert.ok(this.#probe === undefined || now >= this.#probe.leaseEndsAt, 'two probes at once');
    this.#probe = { permit, leaseEndsAt: now + CIRCUIT_RULES.leaseMs };
    this.probes += 1;
  }

  /** Whatever was left behind, held leases too, is over after the time of an open circuit. */
  async everyGatewayPasses(): Promise<void> {
    for (const circuit of this.#circuits) {
      await written();
      await this.#world.read(...this.#circuits);
      this.#world.now += OPEN_MS;
      permitOf(await circuit.ask()).report('unknown');
    }
  }
}

test('whatever three gateways ask and report, one at a time probes, and after a while each is let through again', async () => {
  let probes = 0;
  const property = fc.asyncProperty(fc.array(step, { minLength: 40, maxLength: 150 }), async (steps) => {
    const model = new Model();
    for (const taken of steps) await model.take(taken);
    await model.everyGatewayPasses();
    probes += model.probes;
  });
  await fc.assert(property, { numRuns: 300 });
  assert.ok(probes > 300, `${probes} probes: the steps do not reach what they are to test`);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { checkClosedOnce, checkLog, folds, owedBytes } from '../test-support/check-log.ts';
import { randomAgent } from '../test-support/random-agent.ts';
import { anyAnswer, randomMachine } from '../test-support/random-machine.ts';
import { seed } from '../test-support/seed.ts';
import { requested } from '../test-support/turns.ts';
import { World } from '../test-support/world.ts';
import { agentMachine } from '../workflows/agent-machine.ts';
import { automation } from '../workflows/automation.ts';
import { begin, fold } from './run.ts';
import type { Run } from './run-state.ts';

const agent = agentMachine(automation);
const choices = fc.noBias(fc.array(fc.nat({ max: 10_000 }), { minLength: 20, maxLength: 300 }));
const agentRequest = fc
  .record({
    max_iterations: fc.integer({ min: 1, max: 4 }),
    recall_k: fc.nat({ max: 2 }),
    enabled: fc.nat({ max: 20 }),
  })
  .map(({ enabled, ...settings }) => requested({ ...settings, enabled: enabled > 0 }));

test('an agent run ends once, and every event of the planner is what folding the events before it owes', () => {
  fc.assert(
    fc.property(agentRequest, choices, fc.boolean(), (request, given, honest) => {
      const world = new World({ machine: agent, request, answer: randomAgent, choices: given, honest });
      const log = world.live();
      checkLog(log, agent);
      if (honest) checkClosedOnce(log);
    }),
    { seed, numRuns: 250 },
  );
});

test('the same holds for any machine that invokes, spawns, stops, waits and re-enters', () => {
  fc.assert(
    fc.property(randomMachine, choices, fc.boolean(), (machine, given, honest) => {
      const world = new World({ machine, request: requested(), answer: anyAnswer, choices: given, honest });
      const log = world.live();
      checkLog(log, machine);
      if (honest) checkClosedOnce(log);
    }),
    { seed, numRuns: 250 },
  );
});

test('a log is folded the same by a machine that was made anew', () => {
  fc.assert(
    fc.property(agentRequest, choices, (request, given) => {
      const log = new World({
        machine: agent,
        request,
        answer: randomAgent,
        choices: given,
        honest: true,
      }).live();
      assert.deepEqual(owedBytes(folds(log, agentMachine(automation))), owedBytes(folds(log, agent)));
    }),
    { seed, numRuns: 50 },
  );
});

test('two runs folded in turns owe what each owes alone', () => {
  fc.assert(
    fc.property(
      agentRequest,
      choices,
      choices,
      fc.array(fc.boolean(), { maxLength: 200 }),
      (request, a, b, turns) => {
        const logs = [a, b].map((given) =>
          new World({ machine: agent, request, answer: randomAgent, choices: given, honest: true }).live(),
        );
        const mixed: Run[][] = [[], []];
        const step = (which: number): void => {
          const event = logs[which]?.[mixed[which]?.length ?? 0];
          const before = mixed[which]?.at(-1);
          if (event !== undefined)
            mixed[which]?.push(before === undefined ? begin(event, () => agent) : fold(before, event));
        };
        for (const turn of turns) step(turn ? 1 : 0);
        logs.forEach((log, which) => {
          for (let i = 0; i < log.length; i += 1) step(which);
          assert.deepEqual(owedBytes(mixed[which] ?? []), owedBytes(folds(log, agent)));
        });
      },
    ),
    { seed, numRuns: 100 },
  );
});

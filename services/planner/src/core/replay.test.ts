import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { AnyStateMachine } from 'xstate';
import type { EventDraft, LogEvent, RequestType, StoredEvent } from '@troupe/contracts';
import { encodeData, isTerminal, OUTCOMES } from '@troupe/contracts';
import { environment } from '@troupe/shared';
import { randomAgent } from '../test-support/random-agent.ts';
import { anyAnswer, randomMachine } from '../test-support/random-machine.ts';
import { requested } from '../test-support/turns.ts';
import { World } from '../test-support/world.ts';
import { agentMachine } from '../workflows/agent-machine.ts';
import { automation } from '../workflows/automation.ts';
import { begin, fold, owed } from './run.ts';
import type { Run } from './run-state.ts';

const seed = Number(environment()['TROUPE_SEED'] ?? Date.now() % 2 ** 31);
console.log(`TROUPE_SEED=${seed}`);

const agent = agentMachine(automation);
const choices = fc.noBias(fc.array(fc.nat({ max: 10_000 }), { minLength: 20, maxLength: 300 }));
const agentRequest = fc
  .record({
    max_iterations: fc.integer({ min: 1, max: 4 }),
    recall_k: fc.nat({ max: 2 }),
    enabled: fc.nat({ max: 20 }),
  })
  .map(({ enabled, ...settings }) => requested({ ...settings, enabled: enabled > 0 }));

/** Every Run on the way from a log's first event to its last. */
function folds(log: readonly StoredEvent[], machine: AnyStateMachine): Run[] {
  const runs: Run[] = [];
  for (const event of log) {
    const before = runs.at(-1);
    runs.push(before === undefined ? begin(event, () => machine) : fold(before, event));
  }
  return runs;
}

const bytes = (draft: EventDraft): string =>
  [draft.type, draft.id, draft.causationId, draft.correlationId, draft.source, encodeData(draft)].join('\n');
const owedBytes = (runs: readonly Run[]): string[] => runs.flatMap((run) => owed(run).map(bytes));

/** What must be true of every finished log, whoever wrote it. */
function check(log: readonly StoredEvent[], machine: AnyStateMachine): void {
  assert.deepEqual(
    log.map(({ position }) => position.sequence),
    log.map((_, i) => i + 1),
    'numbered without gaps',
  );
  assert.equal(new Set(log.map(({ id }) => id)).size, log.length, 'no event was written twice');
  assert.deepEqual(
    log.flatMap(({ type }, i) => (isTerminal(type) ? [i] : [])),
    [log.length - 1],
    'one terminal event, at the end',
  );
  const runs = folds(log, machine);
  log.forEach((event, i) => {
    if (event.source !== '/troupe/planner' || event.type === 'unknown') return;
    const draft = owed(runs[i - 1] as Run).find(({ id }) => id === event.id);
    assert.ok(draft !== undefined, `${event.type} at ${event.position.sequence} was not owed`);
    assert.equal(bytes(draft), bytes(event as unknown as EventDraft));
  });
  assert.deepEqual(owed(runs.at(-1) as Run), [], 'nothing is owed at the end');
  assert.deepEqual(owedBytes(folds(log, machine)), owedBytes(runs), 'folded again, it owes the same bytes');
}

function checkClosedOnce(log: readonly StoredEvent[]): void {
  for (const request of log.filter((event): event is LogEvent<RequestType> => event.type in OUTCOMES)) {
    const closing = log.filter(
      ({ type, causationId }) =>
        causationId === request.id && (OUTCOMES[request.type] as readonly string[]).includes(type),
    );
    assert.ok(
      closing.length <= 1,
      `${request.type} was closed by ${closing.map(({ type }) => type).join(', ')}`,
    );
  }
}

test('an agent run ends once, and every event of the planner is what folding the events before it owes', () => {
  fc.assert(
    fc.property(agentRequest, choices, fc.boolean(), (request, given, honest) => {
      const world = new World({ machine: agent, request, answer: randomAgent, choices: given, honest });
      const log = world.live();
      check(log, agent);
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
      check(log, machine);
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

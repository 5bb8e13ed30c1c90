// Circuit, queue and key are told what became of a call exactly once, wherever it ended.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CircuitAnswer } from './circuit/circuit.ts';
import type { KeyChoice } from './keys/keys.ts';
import type { Door } from './leave.ts';
import { askLeave, Leave } from './leave.ts';
import type { Admitted } from './load/admission.ts';

const WISH = { model: 'm', affinity: 'a', except: new Set<string>() };

/** A door that writes down what it is told; each circuit and key in turn answers as given. */
function doorOf({ circuits = ['closed', 'closed'], keys = ['key', 'key'], enter = admitted }: Given = {}) {
  const told: string[] = [];
  let asked = 0;
  let chosen = 0;
  const door: Door = {
    circuit: {
      ask(): Promise<CircuitAnswer> {
        const state = circuits[asked++];
        if (state === 'open') return Promise.resolve({ kind: 'open', retryAfterMs: 70 });
        const report = (health: string): void => void told.push(`circuit ${health}`);
        return Promise.resolve({ kind: 'permitted', permit: { probe: state === 'probe', report } });
      },
    },
    keys: {
      choose(): KeyChoice {
        if (keys[chosen++] === 'none') return { kind: 'none', why: 'throttled', retryAfterMs: 90 };
        const report = (outcome: object | 'good'): void =>
          void told.push(`key ${outcome === 'good' ? outcome : JSON.stringify(outcome)}`);
        const over = (): void => void told.push('key back');
        return { kind: 'key', key: { id: 'k', group: 'g', secret: 's', report, [Symbol.dispose]: over } };
      },
    },
    enter: () => enter({ done: (load, used) => void told.push(`turn ${load} ${used}`) }),
  };
  return { door, told };
}

type Turn = Extract<Admitted, { kind: 'admitted' }>['turn'];
type Enter = (turn: Turn) => Promise<Admitted>;
interface Given {
  circuits?: readonly ('closed' | 'open' | 'probe')[];
  keys?: readonly ('key' | 'none')[];
  enter?: Enter;
}
const admitted: Enter = (turn) => Promise.resolve({ kind: 'admitted', turn });
/** A clock that only the waiting moves: a busy machine makes nobody wait. */
let clockMs = 0;
const now = (): number => clockMs;
const admittedLater: Enter = (turn) => {
  clockMs += 20;
  return Promise.resolve({ kind: 'admitted', turn });
};

const granted = async (door: Door): Promise<Leave> => {
  const leave = await askLeave(door, WISH, now);
  assert.ok(leave instanceof Leave);
  return leave;
};

test('an answer is good for the circuit, the key and the target’s capacity', async () => {
  const { door, told } = doorOf();
  (await granted(door)).report({ kind: 'good', usedTokens: 12 });
  assert.deepEqual(told, ['circuit good', 'turn good 12', 'key good', 'key back']);
});

test('a fault is told as what it says about each of them', async () => {
  const { door, told } = doorOf();
  (await granted(door)).report({ kind: 'fault', fault: 'rate_limited', retryAfterMs: 5 });
  assert.deepEqual(told, [
    'circuit unknown',
    'turn throttled undefined',
    'key {"fault":"rate_limited","retryAfterMs":5}',
    'key back',
  ]);
});

test('a call that was never made says nothing, and everything is given back', async () => {
  const { door, told } = doorOf({ circuits: ['probe'] });
  (await granted(door)).report({ kind: 'unknown' });
  assert.deepEqual(told, ['circuit unknown', 'turn none undefined', 'key back']);
});

/** What stands in the way, what is said of it, what was given back. */
const OBSTACLES: readonly (readonly [string, Given, string, readonly string[]])[] = [
  ['an open circuit', { circuits: ['open'] }, 'circuit_open 70', ['key back']],
  ['no key', { keys: ['none'], circuits: ['probe'] }, 'throttled 90', []],
  [
    'a full queue',
    { enter: () => Promise.resolve({ kind: 'shed', retryAfterMs: 80 }) },
    'overloaded 80',
    ['circuit unknown', 'key back'],
  ],
  [
    'a circuit that opened while the call waited',
    { enter: admittedLater, circuits: ['closed', 'open'] },
    'circuit_open 70',
    ['circuit unknown', 'key back', 'key back', 'turn none 0'],
  ],
  [
    'a key that was used up while the call waited',
    { enter: admittedLater, keys: ['key', 'none'] },
    'throttled 90',
    ['circuit unknown', 'key back', 'turn none 0'],
  ],
];

for (const [name, given, said, back] of OBSTACLES)
  test(`${name} is told, and nothing is held`, async () => {
    const { door, told } = doorOf(given);
    const leave = await askLeave(door, WISH, now);
    assert.ok(leave.kind === 'skipped');
    assert.equal(`${leave.why} ${leave.retryAfterMs}`, said);
    assert.deepEqual(told, back);
  });

test('a caller that leaves the queue gives back permit and key', async () => {
  const reason = new Error('left');
  const { door, told } = doorOf({ enter: () => Promise.reject(reason) });
  await assert.rejects(askLeave(door, WISH, now), reason);
  assert.deepEqual(told, ['circuit unknown', 'key back']);
});

test('a probe that had to wait for its turn stays the probe', async () => {
  const { door, told } = doorOf({ enter: admittedLater, circuits: ['probe', 'open'] });
  assert.equal((await granted(door)).probe, true);
  assert.deepEqual(told, []);
});

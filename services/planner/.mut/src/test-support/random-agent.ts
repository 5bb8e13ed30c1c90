// What memory, models and tools answer in a random agent conversation: mostly sense, sometimes nonsense.
import type { DataOf, LogEvent, ModelToolCall } from '@troupe/contracts';
import { call, calls, says, turnOf } from './turns.ts';
import type { Answer } from './world.ts';

type Pick = (n: number) => number;

const failure = { code: 'some_failure', message: 'It failed.', hint: 'Try again.' };

export const randomAgent: Answer = (request, pick) => {
  switch (request.type) {
    case 'memory.requested':
      return pick(4) === 3
        ? { type: 'memory.failed', data: { error: failure } }
        : { type: 'memory.completed', data: { snippets: [] } };
    case 'llm.requested':
      return pick(24) === 23
        ? { type: 'llm.failed', data: { error: failure, attempts: 2 } }
        : { type: 'llm.completed', data: randomTurn(pick) };
    case 'tool.requested':
      return randomOutcome(request, pick);
  }
};

function randomTurn(pick: Pick): DataOf<'llm.completed'> {
  switch (pick(14)) {
    case 0:
      return says(`Answer ${pick(100)}.`);
    case 1:
      return turnOf({});
    case 2:
      return pick(3) === 0 ? turnOf({ text: 'No.' }, { finish: 'refused' }) : turnOf({});
    case 3:
      return pick(3) === 0 ? turnOf({}, { finish: 'truncated' }) : turnOf({});
    default:
      return calls(...Array.from({ length: 1 + pick(4) }, () => randomCall(pick)));
  }
}

/** Ids are few, so that calls of one turn sometimes share one. */
function randomCall(pick: Pick): ModelToolCall {
  const id = `c${pick(5)}`;
  switch (pick(6)) {
    case 0:
      return call(id, { name: 'fly' });
    case 1:
      return call(id, { arguments: '{"a":' });
    default:
      return call(id);
  }
}

function randomOutcome({ data }: LogEvent<'tool.requested'>, pick: Pick): ReturnType<Answer> {
  const answered = { tool: data.tool.name, call_id: data.call_id };
  return pick(3) === 2
    ? { type: 'tool.failed', data: { ...answered, error: failure, retryable: true, outcome: 'not_done' } }
    : { type: 'tool.completed', data: { ...answered, output: { text: `"${pick(9)}"` } } };
}

// G28: a conversation that goes from one provider to the other and back, with tool calls in its history. Each refuses a history that is
// not its own: ids of a foreign form, results without their calls.
import { referenceTo, type ToolDefinition } from '@troupe/contracts';
import { callsSeen, wordsFor } from '../evidence.ts';
import type { Judgement, Scenario } from '../scenario.ts';
import { judge } from '../scenario.ts';
import type { World } from '../world.ts';

const LOOK_UP: ToolDefinition = {
  name: 'look_up',
  description: 'Looks something up.',
  input_schema: { type: 'object', properties: { what: { type: 'string' } }, required: ['what'] },
  output_schema: { type: 'object' },
  effect: 'read',
  timeout_seconds: 10,
};

async function crossing(world: World): Promise<Judgement> {
  await world.kernel.tools.announce([LOOK_UP]);
  const tools = [referenceTo(LOOK_UP)];
  const calls = ['tides', 'boats'].map((what) => ({ name: LOOK_UP.name, arguments: { what } }));
  await world.primary.once({ kind: 'tool_calls', calls });
  const run = await world.begin();
  const first = await run.next({ tools, messages: [{ role: 'user', content: { text: 'look both up' } }] });
  const called = await world.outcomeOf(first);
  const made = called?.type === 'llm.completed' ? called.data.turn.tool_calls : [];

  await world.primary.always({ kind: 'error', status: 503 });
  const results = made.map(({ call_id }) => ({
    role: 'tool' as const,
    call_id,
    content: { text: 'found' },
    is_error: false,
  }));
  const second = await run.next({ turn: 2, continues: first, tools, messages: results });
  const elsewhere = await world.outcomeOf(second);

  await world.primary.simulator.clearScript();
  const third = await run.next({
    turn: 3,
    continues: second,
    tools,
    messages: [{ role: 'user', content: { text: 'and now' } }],
  });
  const back = await world.outcomeOf(third);
  const { words } = await callsSeen(world);
  const whole = [elsewhere, back].every(
    (outcome) => outcome?.type === 'llm.completed' && outcome.data.finish === 'stop',
  );
  const by = (outcome: typeof back) => (outcome?.type === 'llm.completed' ? outcome.data.provider : 'nobody');
  return judge({
    caller: `${made.length} tool calls; ${wordsFor(elsewhere, 'look both up')}; back: ${by(back)}`,
    provider: words,
    served: whole && made.length === 2 ? 'as_due' : 'wrong',
    conduct: {
      'ids of our own': made.every(({ call_id }) => call_id.startsWith('call_')),
      'the fallback took the history': by(elsewhere) === world.fallback.provider,
      'the primary took it back': by(back) === world.primary.provider,
    },
  });
}

export const conversations: readonly Scenario[] = [
  { id: 'G28', title: 'history crosses providers', dialects: ['responses', 'messages'], run: crossing },
];

// A workflow type of five steps, one after the other, each a tool call: what the peers' benchmarks run, as an ordinary machine.
import type { AgentInput } from '../../../services/planner/src/workflows/agent-context.ts';
import { defineWorkflow } from '../../../services/planner/src/workflows/define-workflow.ts';
import type { Registry } from '../../../services/planner/src/workflows/registry.ts';
import { createMachine, done } from '../../../services/planner/src/test-support/machines.ts';

const TOOL = 'notify_user';

export const fiveSteps = defineWorkflow({ type: 'five_steps', version: 1, instructions: '', tools: [TOOL] });

/** A state that calls the tool and goes on to `next`. */
const step = <Next extends string>(number: number, next: Next) =>
  ({
    invoke: {
      id: `step-${number}`,
      src: 'tool.call',
      input: ({ context }: { context: Partial<AgentInput> }) => {
        const tool = context.request?.settings.tools.find(({ name }) => name === TOOL);
        if (tool === undefined) throw new Error(`The tool ${TOOL} is not announced.`);
        return { call_id: `call_${number}`, tool, arguments: { message: `Step ${number} of 5.` } };
      },
      onDone: next,
      onError: 'failed',
    },
  }) as const;

const machine = createMachine({
  id: fiveSteps.type,
  context: ({ input }) => input as AgentInput,
  initial: 'first',
  output: { answer: 'Done.' },
  states: {
    first: step(1, 'second'),
    second: step(2, 'third'),
    third: step(3, 'fourth'),
    fourth: step(4, 'fifth'),
    fifth: step(5, 'completed'),
    completed: done,
    failed: { type: 'final', tags: 'workflow.failed' },
  },
});

export const fiveStepsRegistry: Registry = {
  latest: (type) => (type === fiveSteps.type ? fiveSteps : undefined),
  types: [fiveSteps.type],
  machineFor: () => machine,
};

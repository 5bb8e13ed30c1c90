// A stack, a world that tools act on and that answers when it is released, and tools that act on it.
import type { TestContext } from 'node:test';
import { z } from 'zod';
import type { ToolReference } from '@troupe/contracts';
import { referenceTo } from '@troupe/contracts';
import type { Tool, ToolSpec } from '../tool.ts';
import { defineTool } from '../tool.ts';
import type { Stack } from './stack.ts';
import { startStack } from './stack.ts';
import { until } from './until.ts';
import type { Visit } from './world.ts';
import { startWorld } from './world.ts';

const Nothing = z.object({});
const Said = z.object({ said: z.string() });
export type Spec = Partial<ToolSpec<typeof Nothing, typeof Said>>;

export interface Workshop extends AsyncDisposable {
  readonly stack: Stack;
  /** The world answers at once until it holds, and from when it is released. */
  hold(): void;
  release(): void;
  /** A tool that acts on the world, unless `spec` says otherwise. Its name tells its acts from others'. */
  tool(name: string, spec?: Spec): Tool;
  actsOf(name: string): Visit[];
  untilActed(name: string): Promise<Visit>;
  /** A worker with these tools, until the test ends. */
  serve(t: TestContext, tools: readonly Tool[]): Promise<void>;
}

export const referenceOf = ({ definition }: Tool): ToolReference => referenceTo(definition);

export async function openWorkshop(): Promise<Workshop> {
  const stack = await startStack();
  let gate = Promise.withResolvers<undefined>();
  gate.resolve(undefined);
  const world = await startWorld({
    '/act': (_visit, response) => void gate.promise.then(() => response.end('acted')),
  });
  const actsOf = (name: string): Visit[] => world.visits.filter(({ body }) => body === name);
  return {
    stack,
    actsOf,
    hold: () => (gate = Promise.withResolvers()),
    release: () => gate.resolve(undefined),
    tool: (name, spec = {}) =>
      defineTool({
        ...{ name, description: 'For tests.', input: Nothing, output: Said },
        ...{ effect: 'read', timeoutSeconds: 5 },
        async run(_input, { effectId, signal }) {
          const headers = { 'idempotency-key': effectId };
          const response = await fetch(`${world.url}/act`, { method: 'POST', headers, body: name, signal });
          return { said: await response.text() };
        },
        ...spec,
      }),
    untilActed: (name) => until(`${name} acts`, () => actsOf(name)[0]),
    async serve(t, tools) {
      const worker = await stack.serve(tools);
      t.after(() => worker[Symbol.asyncDispose]());
    },
    async [Symbol.asyncDispose]() {
      await world[Symbol.asyncDispose]();
      await stack[Symbol.asyncDispose]();
    },
  };
}

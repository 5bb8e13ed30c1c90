// The tools of this executor by the reference that a run's log names: the name and the hash of the definition that the run
// was offered. A definition that changed since is another tool.
import type { ToolDefinition, ToolReference } from '@troupe/contracts';
import { referenceTo } from '@troupe/contracts';
import type { Tool } from './tool.ts';
import { ToolError } from './tool.ts';

export interface Registry {
  /** For announcing. */
  readonly definitions: readonly ToolDefinition[];
  /** Throws ToolError `unknown_tool`. */
  find(reference: ToolReference): Tool;
}

/** Throws TypeError if two tools have one name. */
export function createRegistry(tools: readonly Tool[]): Registry {
  const byName = new Map<string, { tool: Tool; hash: string }>();
  for (const tool of tools) {
    const { name } = tool.definition;
    if (byName.has(name)) throw new TypeError(`two tools are named ${name}`);
    byName.set(name, { tool, hash: referenceTo(tool.definition).hash });
  }
  return {
    definitions: tools.map(({ definition }) => definition),
    find({ name, hash }) {
      const found = byName.get(name);
      if (found?.hash === hash) return found.tool;
      throw new ToolError({
        code: 'unknown_tool',
        message:
          found === undefined
            ? `There is no tool ${name} here.`
            : `The tool ${name} is not the one that this run was offered (${hash.slice(0, 8)}): it was replaced since.`,
        hint: 'Use another tool, or start a new run to be offered the present ones.',
      });
    },
  };
}

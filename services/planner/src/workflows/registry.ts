// The workflow types of this planner, by name and version, with their machines.
import type { AnyStateMachine } from 'xstate';
import type { RunSettings } from '@troupe/contracts';
import { MachineError } from '../core/machine-step.ts';
import { UnknownVersionError } from '../core/run.ts';
import { agentMachine } from './agent-machine.ts';
import type { WorkflowDefinition } from './define-workflow.ts';

export interface Registry {
  /** The newest version of a type, for new runs. */
  latest(type: string): WorkflowDefinition | undefined;
  readonly types: readonly string[];
  /** The machine that a run began with; see MachineFor. */
  machineFor(run: { readonly workflow_type: string; readonly settings: RunSettings }): AnyStateMachine;
}

export function createRegistry(definitions: readonly WorkflowDefinition[]): Registry {
  const machines = new Map(
    definitions.map((definition) => [
      `${definition.type}@${definition.version}`,
      { definition, machine: agentMachine(definition) },
    ]),
  );
  const latest = new Map<string, WorkflowDefinition>();
  for (const definition of definitions) {
    if ((latest.get(definition.type)?.version ?? 0) < definition.version)
      latest.set(definition.type, definition);
  }
  return {
    latest: (type) => latest.get(type),
    types: [...latest.keys()],
    machineFor({ workflow_type, settings }) {
      const { version, hash } = settings.definition;
      const found = machines.get(`${workflow_type}@${version}`);
      if (found?.definition.hash === hash) return found.machine;
      if (found === undefined) {
        throw new UnknownVersionError(
          `This planner has no version ${version} of the workflow type "${workflow_type}".`,
        );
      }
      throw new MachineError(
        `Version ${version} of the workflow type "${workflow_type}" was changed without raising its version.`,
      );
    },
  };
}

// The bucket in which the executor announces its tools, and everybody else looks them up by the hash that a log names.
import type { KV, NatsConnection } from 'nats';
import type { ToolReference } from '@troupe/contracts';
import {
  currentToolKey,
  referenceTo,
  ToolDefinition,
  toolDefinitionKey,
  ToolReference as Reference,
  TOOLS_BUCKET,
} from '@troupe/contracts';
import { TerminalError } from './errors.ts';

export interface ToolDirectory {
  /** Stores the definitions under their hashes and makes them what new runs are offered. */
  announce(definitions: readonly ToolDefinition[]): Promise<void>;
  /** The references that new runs are offered, of those `names` that are announced. */
  current(names: readonly string[]): Promise<ToolReference[]>;
  /** The definition that a log names. Throws TerminalError `unknown_tool`. */
  definition(tool: ToolReference): Promise<ToolDefinition>;
}

/** How long `current` answers from memory: a redeployed executor is noticed within this time. */
const CURRENT_FOR_MS = 1_000;

export function createToolDirectory(connection: NatsConnection): ToolDirectory {
  let opened: Promise<KV> | undefined;
  const bucket = (): Promise<KV> => {
    opened ??= connection.jetstream().views.kv(TOOLS_BUCKET, { bindOnly: true });
    opened.catch(() => (opened = undefined));
    return opened;
  };
  const definitions = new Map<string, Promise<ToolDefinition>>();
  const currents = new Map<string, { until: number; reference: Promise<ToolReference | undefined> }>();

  async function readCurrent(name: string): Promise<ToolReference | undefined> {
    const entry = await (await bucket()).get(currentToolKey(name));
    return entry === null || entry.operation !== 'PUT' ? undefined : Reference.parse(entry.json());
  }

  async function readDefinition(tool: ToolReference): Promise<ToolDefinition> {
    const entry = await (await bucket()).get(toolDefinitionKey(tool));
    if (entry !== null && entry.operation === 'PUT') return ToolDefinition.parse(entry.json());
    throw new TerminalError({
      code: 'unknown_tool',
      message: `The tool ${tool.name} (${tool.hash.slice(0, 8)}) was never announced.`,
      hint: 'Start a tool-executor that has it.',
    });
  }

  return {
    async announce(announced) {
      const kv = await bucket();
      for (const definition of announced) {
        const reference = referenceTo(definition);
        await kv.put(toolDefinitionKey(reference), JSON.stringify(definition));
        await kv.put(currentToolKey(definition.name), JSON.stringify(reference));
      }
    },
    async current(names) {
      const now = performance.now();
      const found = await Promise.all(
        names.map((name) => {
          const known = currents.get(name);
          if (known !== undefined && known.until > now) return known.reference;
          const reference = readCurrent(name);
          currents.set(name, { until: now + CURRENT_FOR_MS, reference });
          reference.catch(() => currents.delete(name));
          return reference;
        }),
      );
      return found.filter((reference) => reference !== undefined);
    },
    definition(tool) {
      const key = toolDefinitionKey(tool);
      const known = definitions.get(key);
      if (known !== undefined) return known;
      const reading = readDefinition(tool);
      definitions.set(key, reading);
      reading.catch(() => definitions.delete(key));
      return reading;
    },
  };
}

// What can be seen without a server: this Node and these variables.
import { variablesNobodyReads } from '@troupe/shared';
import type { Finding } from './finding.ts';
import { fault, well } from './finding.ts';

const MINIMUM_NODE = 24;

export function lookHere(): Finding[] {
  const version = process.versions.node;
  const node =
    Number.parseInt(version, 10) >= MINIMUM_NODE
      ? well('node', version)
      : fault(
          'node',
          `${version} does not run TypeScript`,
          `Use Node ${MINIMUM_NODE}, or start with \`npx troupe\`.`,
        );
  const typos = variablesNobodyReads().map((sentence) =>
    fault('variables', sentence, 'Correct the name or unset it; all names: docs/configuration.md.'),
  );
  return [node, ...(typos.length === 0 ? [well('variables', 'every AGENT_* and FF_* is known')] : typos)];
}

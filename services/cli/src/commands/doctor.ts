// `troupe doctor`: looks at everything that a run needs, and says beside each fault how to mend it.
import { openClient } from '../client.ts';
import type { Command } from '../command.ts';
import { readConfig } from '../config.ts';
import type { Finding } from '../doctor/finding.ts';
import { faultOf, unknown } from '../doctor/finding.ts';
import { lookHere } from '../doctor/here.ts';
import { lookAtServer } from '../doctor/server.ts';
import { lookAtServices } from '../doctor/services.ts';
import { EXIT } from '../exit-codes.ts';
import { onOneLine, print, printJson } from '../terminal.ts';

export const doctor: Command = {
  name: 'doctor',
  says: 'looks at everything that a run needs, and says how to mend what is wrong',
  flags: { json: { says: 'print one line of JSON' } },
  async run(given) {
    const findings = [...lookHere(), ...(await lookAround())];
    const ok = findings.every(({ kind }) => kind !== 'fault');
    if (given.isOn('json')) printJson({ ok, findings });
    else for (const finding of findings) print(findingLine(finding));
    return ok ? EXIT.ok : EXIT.unexpected;
  },
};

async function lookAround(): Promise<Finding[]> {
  try {
    const { NATS_URL, CHROMA_URL } = readConfig();
    await using kernel = await openClient(NATS_URL);
    return [...(await lookAtServer(kernel)), ...(await lookAtServices(kernel, CHROMA_URL))];
  } catch (error) {
    const rest = unknown('everything else', 'needs the server');
    return [faultOf('nats-server', error, 'Start one with `npm run dev`, or set NATS_URL.'), rest];
  }
}

const MARKS = { well: '✔', fault: '✖', unknown: '–' } as const;

const findingLine = (finding: Finding): string => {
  const line = onOneLine(`${MARKS[finding.kind]} ${finding.name.padEnd(26)} ${finding.detail}`);
  return finding.kind === 'fault' ? `${line}\n  → ${onOneLine(finding.fix)}` : line;
};

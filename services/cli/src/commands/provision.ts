// `troupe provision`: makes the streams, consumers and buckets that are missing; nothing that exists is changed. It is also the job
// that every service of docker-compose.yaml waits for.
import type { Command } from '../command.ts';
import { readConfig } from '../config.ts';
import { EXIT } from '../exit-codes.ts';
import { provisionWhenHealthy } from '../provision.ts';
import { say } from '../terminal.ts';

const WITHIN_MS = 60_000;

export const provision: Command = {
  name: 'provision',
  says: 'makes what is missing on the server, and compares the rest',
  flags: {},
  async run(_given, signal) {
    const made = await provisionWhenHealthy(readConfig(), { withinMs: WITHIN_MS, signal });
    say(made.length === 0 ? '✔ everything is there, as declared' : `✔ made ${made.join(', ')}`);
    return EXIT.ok;
  },
};

// `troupe provision`: makes the streams, consumers and buckets that are missing; nothing that exists is changed.
import type { Command } from '../command.ts';
import { provisionCommand } from '../provision.ts';

export const provision: Command = {
  name: 'provision',
  says: 'makes what is missing on the server, and compares the rest',
  flags: {},
  run: () => provisionCommand(),
};

// `troupe memory vacuum`: clears Chroma's files of what it deleted, while it is stopped. It needs no NATS.
import { StartupError } from '@troupe/shared';
import type { Command } from '../../command.ts';
import { readStackConfig } from '../../config.ts';
import { EXIT } from '../../exit-codes.ts';
import { print, printJson } from '../../terminal.ts';

export const vacuum: Command = {
  name: 'memory vacuum',
  says: "clears Chroma's files of what was forgotten; Chroma must be stopped",
  flags: {
    path: { value: 'folder', says: "Chroma's folder (default: CHROMA_PERSIST_DIR)" },
    json: { says: 'print one line of JSON' },
  },
  async run(given, signal) {
    const { CHROMA_URL, CHROMA_PERSIST_DIR } = readStackConfig();
    const { vacuumFolder } = await means();
    const { store, bytesBefore, bytesAfter, indexesRemoved } = await vacuumFolder({
      folder: given.text('path') ?? CHROMA_PERSIST_DIR,
      url: CHROMA_URL,
      signal,
    });
    if (given.isOn('json')) {
      printJson({
        folder: store,
        bytes_before: bytesBefore,
        bytes_after: bytesAfter,
        indexes_removed: indexesRemoved,
      });
    } else {
      const indexes = `${indexesRemoved} ${indexesRemoved === 1 ? 'index' : 'indexes'} of deleted collections removed`;
      print(`✔ ${store}: ${size(bytesBefore)} before, ${size(bytesAfter)} after; ${indexes}`);
    }
    return EXIT.ok;
  },
};

/** Only when it is asked for: the images of the services run this command line, too, and hold neither Chroma nor what finds it. */
const means = () =>
  import('./vacuum-folder.ts').catch((cause: unknown) => {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'ERR_MODULE_NOT_FOUND')) throw cause;
    throw new StartupError(
      {
        code: 'vacuum_unavailable',
        message: 'This installation holds nothing that could vacuum the files of Chroma.',
        hint: 'Run `chroma vacuum --path <folder> --force` where Chroma is installed, with Chroma stopped.',
      },
      { cause },
    );
  });

const size = (bytes: number): string => `${(bytes / 1024 ** 2).toFixed(1)} MiB`;

// Unpacks the Chromium of the npm package @sparticuz/chromium into one folder with one executable in it: the browser,
// the libraries and fonts it brings along for bare machines, and a script that starts it with them. It uses nothing of
// that package but its compressed files, so no code of it runs.
import { createReadStream, createWriteStream } from 'node:fs';
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress } from 'node:zlib';
import { SetupError } from '../setup-error.ts';
import { run } from './command.ts';

/** The executable inside an unpacked bundle. */
export const launcherIn = (folder: string): string => join(folder, 'chromium');

// Finds its own folder at run time, so that the folder can be renamed after it was filled, and moved later.
const LAUNCHER = `#!/bin/sh
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
LD_LIBRARY_PATH="$here/libraries/lib\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
FONTCONFIG_FILE="$here/fonts.conf"
export LD_LIBRARY_PATH FONTCONFIG_FILE
exec "$here/browser/chromium" "$@"
`;

const FONTS = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir prefix="relative">fonts/fonts</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir prefix="xdg">fontconfig</cachedir>
</fontconfig>
`;

/** Fills the empty `folder` from `archives`, the package's folder of brotli files. */
export async function unpackBundle(archives: string, folder: string, signal?: AbortSignal): Promise<void> {
  const unpackTar = async (name: string, into: string): Promise<void> => {
    const tar = join(folder, `${name}.tar`);
    await decompress(join(archives, `${name}.tar.br`), tar, signal);
    await mkdir(into, { recursive: true });
    const { code, stderr } = await run('tar', ['-xf', tar, '-C', into], { timeoutMs: 60_000, signal });
    if (code !== 0) throw new SetupError('command_failed', `tar could not unpack ${name}: ${stderr.trim()}`);
    await rm(tar);
  };
  const browser = join(folder, 'browser');
  await unpackTar('al2023', join(folder, 'libraries'));
  await unpackTar('fonts', join(folder, 'fonts'));
  await unpackTar('swiftshader', browser); // software rendering, looked for beside the browser
  await decompress(join(archives, 'chromium.br'), join(browser, 'chromium'), signal);
  await chmod(join(browser, 'chromium'), 0o755);
  await writeFile(join(folder, 'fonts.conf'), FONTS);
  await writeFile(launcherIn(folder), LAUNCHER, { mode: 0o755 });
}

function decompress(from: string, to: string, signal: AbortSignal | undefined): Promise<void> {
  return pipeline(createReadStream(from), createBrotliDecompress(), createWriteStream(to), { signal });
}

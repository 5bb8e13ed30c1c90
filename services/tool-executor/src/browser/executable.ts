// Finds the browser: the path that the operator names, else the first known name on PATH. Nothing is downloaded.
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

const NAMES = ['chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome'];

/** The executable, or undefined where there is none. A path that the operator names is taken as it is. */
export function findBrowser(named: string | undefined, path: string): string | undefined {
  if (named !== undefined) return named;
  const candidates = NAMES.flatMap((name) =>
    path
      .split(delimiter)
      .filter((folder) => folder !== '')
      .map((folder) => join(folder, name)),
  );
  return candidates.find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

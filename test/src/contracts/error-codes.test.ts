// docs/errors.md and the sources name the same error codes, service by service: no code without an explanation, no explanation of
// what is no more.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const page = readFileSync(join(root, 'docs/errors.md'), 'utf8');

/** The forms in which a code stands in the sources. */
const FORMS = [
  /\bcode: '([a-z][a-z0-9_]{2,63})'/g,
  /\bcode: [^,;{}]*\? '([a-z_]+)' : '([a-z_]+)'/g,
  /\b(?:RetryableError|SetupError|blobFault|fail|failure|repair|#gone)\(\s*'([a-z_]+)'/g,
  // A table of codes, each with its text.
  /^ {2}([a-z_]+): \{\s*message:/gm,
];

const codesIn = (source: string): string[] =>
  FORMS.flatMap((form) => [...source.matchAll(form)].flatMap((match) => match.slice(1).filter(Boolean)));

function codesOf(folder: string): string[] {
  const files = readdirSync(join(root, folder, 'src'), { recursive: true, encoding: 'utf8' });
  const sources = files.filter((name) => /(?<!\.test)\.ts$/.test(name) && !name.includes('test-support'));
  const codes = sources.flatMap((name) => codesIn(readFileSync(join(root, folder, 'src', name), 'utf8')));
  return [...new Set(codes)].sort();
}

/** The sections of the page that are about a folder, with the first column of their tables. */
const sections = page
  .split(/^## /m)
  .slice(1)
  .flatMap((section) => {
    const folder = /^[^\n]*\(`([^`]+)`\)/.exec(section)?.[1];
    const rows = [...section.matchAll(/^\| `([^`]+)` \|(.*)\|$/gm)];
    return folder === undefined
      ? []
      : [
          {
            folder,
            codes: rows.map(([, code = '']) => code),
            cells: rows.map(([, , rest = '']) => rest.split(/(?<!\\)\|/)),
          },
        ];
  });

const SERVICES = ['planner', 'llm-gateway', 'tool-executor', 'memory', 'cli'].map(
  (name) => `services/${name}`,
);

test('every package that has codes has its table', () => {
  assert.deepEqual(sections.map(({ folder }) => folder).sort(), ['setup', 'shared', ...SERVICES].sort());
});

for (const { folder, codes, cells } of sections) {
  test(`the page and the sources of ${folder} name the same codes, sorted`, () => {
    assert.deepEqual(codes, codesOf(folder));
  });

  test(`every code of ${folder} says what happened, why, and what to do`, () => {
    for (const [i, columns] of cells.entries()) {
      assert.equal(columns.length, 3, codes[i]);
      for (const column of columns) assert.ok(column.trim().length > 0, codes[i]);
    }
  });
}

import assert from 'node:assert/strict';
import { copyFileSync, globSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { root } from '../root.ts';
import { scratch } from '../test-support/scratch.ts';
import type { Finding } from './check.ts';
import { checkImports } from './import-rules.ts';

type Files = Readonly<Record<string, string>>;

/** Checks a checkout with the real rules, manifests and node_modules, and with these files. */
function checkoutOf(t: TestContext, files: Files): Promise<Finding> {
  const folder = scratch(t);
  const put = (file: string, write: (path: string) => void): void => {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    write(join(folder, file));
  };
  const manifests = globSync('{contracts,shared,setup,services/*,test}/package.json', { cwd: root });
  for (const file of ['.dependency-cruiser.cjs', 'tsconfig.json', 'package.json', ...manifests]) {
    put(file, (path) => copyFileSync(join(root, file), path));
  }
  for (const [file, text] of Object.entries(files)) put(file, (path) => writeFileSync(path, text));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  const PATH = [join(root, 'node_modules/.bin'), process.env['PATH'] ?? ''].join(delimiter);
  return checkImports({ root: folder, env: { ...process.env, PATH } });
}

const violations: readonly { readonly rule: string; readonly from: string; readonly text: string }[] = [
  {
    rule: 'services-are-strangers',
    from: 'services/planner/src/a.ts',
    text: "import '../../memory/src/end.ts';",
  },
  {
    rule: 'shared-knows-no-service',
    from: 'shared/src/a.ts',
    text: "import '../../services/memory/src/end.ts';",
  },
  { rule: 'setup-stands-alone', from: 'setup/src/a.ts', text: "import '../../shared/src/index.ts';" },
  {
    rule: 'contracts-is-the-bottom',
    from: 'contracts/src/a.ts',
    text: "import { readFileSync } from 'node:fs'; readFileSync;",
  },
  {
    rule: 'one-door-per-package',
    from: 'services/memory/src/a.ts',
    text: "import '../../../shared/src/end.ts';",
  },
  { rule: 'one-door-per-package', from: 'shared/src/b.ts', text: "import '../../contracts/src/end.ts';" },
  { rule: 'nobody-imports-tests', from: 'shared/src/c.ts', text: "import './end.test.ts';" },
  {
    rule: 'pure-core',
    from: 'services/planner/src/core/a.ts',
    text: "import { readFileSync } from 'node:fs'; readFileSync;",
  },
  {
    rule: 'pure-core',
    from: 'services/planner/src/core/b.ts',
    text: "import { connect } from 'nats'; connect;",
  },
  {
    rule: 'nats-in-the-kernel',
    from: 'services/memory/src/b.ts',
    text: "import { connect } from 'nats'; connect;",
  },
  {
    rule: 'providers-in-the-gateway',
    from: 'services/memory/src/c.ts',
    text: "import type A from 'openai'; export type B = A;",
  },
  {
    rule: 'chroma-in-memory',
    from: 'services/planner/src/b.ts',
    text: "import { ChromaClient } from 'chromadb'; ChromaClient;",
  },
  {
    rule: 'browser-in-the-executor',
    from: 'services/planner/src/c.ts',
    text: "import { chromium } from 'playwright-core'; chromium;",
  },
  { rule: 'declared', from: 'contracts/src/b.ts', text: "import pino from 'pino'; pino;" },
  { rule: 'resolvable', from: 'shared/src/d.ts', text: "import './nowhere.ts';" },
  {
    rule: 'no-cycles',
    from: 'shared/src/e.ts',
    text: "import type { F } from './f.ts'; export type E = F | 1;",
  },
];

const harmless: Files = {
  'contracts/src/index.ts': "import { z } from 'zod'; export const a = z.string();",
  'contracts/src/end.ts': 'export {};',
  'shared/src/index.ts':
    "import { connect } from 'nats'; export { a } from '../../contracts/src/index.ts'; connect;",
  'shared/src/end.ts': 'export {};',
  'shared/src/end.test.ts': "import { test } from 'node:test'; test('', () => {});",
  'services/memory/src/end.ts': 'export {};',
};

test('every rule finds what it forbids', async (t) => {
  const finding = await checkoutOf(t, {
    ...harmless,
    'shared/src/f.ts': "import type { E } from './e.ts'; export type F = E | 2;",
    ...Object.fromEntries(violations.map(({ from, text }) => [from, text])),
  });
  assert.ok(!finding.ok, 'nothing was found');
  for (const { rule, from } of violations) {
    assert.ok(
      finding.output.includes(`${rule}: ${from} `),
      `${rule} did not find ${from} in\n${finding.output}`,
    );
  }
});

test('imports in the allowed direction pass, and every file is counted', async (t) => {
  const finding = await checkoutOf(t, harmless);
  assert.deepEqual(finding, { ok: true, note: `${Object.keys(harmless).length} files read` });
});

test('a file that the checker did not read is a finding, so that reading nothing is never a success', async (t) => {
  const skipsShared = `const rules = require('./rules.cjs');
    module.exports = { ...rules, options: { ...rules.options, exclude: { path: '^shared/' } } };`;
  const folder = { ...harmless, 'rules.cjs': 'module.exports = { forbidden: [], options: {} };' };
  const finding = await checkoutOf(t, { ...folder, '.dependency-cruiser.cjs': skipsShared });
  assert.ok(!finding.ok);
  assert.match(finding.output, /not read by the checker: shared\/src\/index\.ts/);
});

test('a mistake in the rules is a finding, not a success', async (t) => {
  const finding = await checkoutOf(t, {
    ...harmless,
    '.dependency-cruiser.cjs': 'module.exports = { forbidden: 1 };',
  });
  assert.ok(!finding.ok);
});

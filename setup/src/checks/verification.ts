// What must hold besides the tests: format, lint, types, import directions, container files. All run beside each other, also if one
// fails, so that one run shows everything there is to fix. Tests are not run here.
import { delimiter, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { run } from '../components/command.ts';
import type { Check, CheckContext, Finding } from './check.ts';
import { checkCompose, checkDockerfile } from './container-files.ts';
import { checkImports } from './import-rules.ts';

/** Beside the tests, on a machine with other guests: the linter was seen to take ten minutes for its two. */
const CHECK_TIMEOUT_MS = 30 * 60_000;

const checks: readonly Check[] = [
  { name: 'format', find: tool('biome', 'format', '.') },
  { name: 'lint', find: tool('eslint', '.', '--max-warnings', '0') },
  { name: 'types', find: tool('tsc', '-p', 'tsconfig.json') },
  { name: 'imports', find: checkImports },
  { name: 'compose', find: checkCompose },
  { name: 'dockerfile', find: checkDockerfile },
];

/** Runs all checks and reports a line for each, with the whole output of those that fail. True when all passed. */
export async function verify(
  { root, env, signal }: CheckContext,
  report: (line: string) => void,
): Promise<boolean> {
  const PATH = [join(root, 'node_modules', '.bin'), env['PATH'] ?? ''].join(delimiter);
  const context = { root, env: { ...env, PATH }, signal, report };
  const passed = await Promise.all(
    checks.map(async ({ name, find }) => {
      const started = performance.now();
      const finding = await find(context);
      const seconds = `${((performance.now() - started) / 1000).toFixed(1)} s`;
      report(said(finding, `${name.padEnd(10)}${seconds.padStart(8)}`));
      return finding.ok !== false;
    }),
  );
  return !passed.includes(false);
}

function said(finding: Finding, step: string): string {
  switch (finding.ok) {
    case true:
      return `✔ ${step}   ${finding.note ?? ''}`.trimEnd();
    case false:
      return `✖ ${step}\n${finding.output}`;
    case 'not run':
      return `⚠ ${step}   NOT RUN: ${finding.why}`;
  }
}

/** A tool that says by its exit code whether all is well. */
function tool(command: string, ...args: readonly string[]): Check['find'] {
  return async ({ root, env, signal }) => {
    const { code, stdout, stderr } = await run(command, args, {
      cwd: root,
      env,
      timeoutMs: CHECK_TIMEOUT_MS,
      signal,
    });
    return code === 0 ? { ok: true } : { ok: false, output: `${stdout}${stderr}`.trim() };
  };
}

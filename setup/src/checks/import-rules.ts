// Checks the import directions of .dependency-cruiser.cjs, and that the checker read every source file: the usual
// failure of such a tool is to find no modules and to report success.
import { run } from '../components/command.ts';
import type { CheckContext, Finding } from './check.ts';
import { sourceFiles } from './source-files.ts';

type Violation = { readonly from: string; readonly to: string; readonly rule: { readonly name: string } };
type Report = {
  readonly modules: readonly { readonly source: string }[];
  readonly summary: { readonly violations: readonly Violation[] };
};

export async function checkImports({ root, env, signal }: CheckContext): Promise<Finding> {
  const files = sourceFiles(root);
  const folders = [...new Set(files.map((file) => file.slice(0, file.indexOf('/src/') + '/src'.length)))];
  const args = ['--config', '.dependency-cruiser.cjs', '--output-type', 'json', ...folders];
  const { stdout, stderr } = await run('depcruise', args, { cwd: root, env, timeoutMs: 10 * 60_000, signal });
  const report = parse(stdout);
  if (report === undefined)
    return { ok: false, output: stderr === '' ? 'dependency-cruiser wrote no report' : stderr };

  const read = new Set(report.modules.map(({ source }) => source));
  const unread = files.filter((file) => !read.has(file));
  const problems = [
    ...report.summary.violations.map(({ from, to, rule }) => `${rule.name}: ${from} → ${to}`),
    ...unread.map((file) => `not read by the checker: ${file}`),
  ];
  return problems.length === 0
    ? { ok: true, note: `${files.length} files read` }
    : { ok: false, output: problems.join('\n') };
}

function parse(json: string): Report | undefined {
  try {
    return JSON.parse(json) as Report;
  } catch {
    return undefined; // a mistake in the rules is reported as text
  }
}

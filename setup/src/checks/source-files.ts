// What is on disk: the TypeScript files of all packages. Checkers are compared with this list, because a checker that
// read nothing finds nothing wrong.
import { globSync } from 'node:fs';

const PACKAGES = '{contracts,shared,setup,services/*,test}';

/** Paths relative to `root`, with forward slashes, sorted. */
export function sourceFiles(root: string): string[] {
  return globSync(`${PACKAGES}/src/**/*.ts`, { cwd: root }).sort();
}

/** The test files whose path contains one of `patterns`; all of them when there is no pattern. */
export function testFiles(root: string, patterns: readonly string[]): string[] {
  const tests = sourceFiles(root).filter((file) => file.endsWith('.test.ts'));
  return patterns.length === 0
    ? tests
    : tests.filter((file) => patterns.some((pattern) => file.includes(pattern)));
}

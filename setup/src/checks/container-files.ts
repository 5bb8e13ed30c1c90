// Checks docker-compose.yaml by Docker Compose itself, in every form in which it is used, and the Dockerfile by hadolint. Neither
// needs an engine. Where a tool cannot be had the check says so and does not fail; what the files must say is tested
// beside this (container-files.test.ts), without any tool.
import { join } from 'node:path';
import { run } from '../components/command.ts';
import { findDockerCompose } from '../components/docker-compose.ts';
import { findHadolint } from '../components/hadolint.ts';
import type { FindOptions, Found } from '../components/search.ts';
import { localDir } from '../root.ts';
import { SetupError } from '../setup-error.ts';
import type { CheckContext, Finding } from './check.ts';

/** The ways to start the stack that the head of docker-compose.yaml names, without what a person's .env says. */
const FORMS: readonly (readonly string[])[] = [
  ['--env-file', '/dev/null'],
  ['--env-file', '/dev/null', '--profile', '*'],
  ['--env-file', 'deploy/simulator.env'],
  ['--env-file', '/dev/null', '-f', 'docker-compose.yaml', '-f', 'deploy/secrets.yaml'],
];

export async function checkCompose(context: CheckContext & Elsewhere): Promise<Finding> {
  const tool = await found(findDockerCompose, context);
  if ('ok' in tool) return tool;
  const { root, env, signal } = context;
  // Nothing of this machine's variables, except what deploy/secrets.yaml demands.
  const variables = { PATH: env['PATH'], HOME: env['HOME'], OPENAI_API_KEY_FILE: join(root, 'openai.key') };
  const problems: string[] = [];
  for (const form of FORMS) {
    const args = [...tool.args, ...form, 'config', '--quiet'];
    const { code, stderr } = await run(tool.command, args, {
      cwd: root,
      env: variables,
      timeoutMs: 30_000,
      signal,
    });
    if (code !== 0 || stderr !== '')
      problems.push(`docker compose ${form.join(' ')} config:\n${stderr.trim()}`);
  }
  return problems.length === 0
    ? { ok: true, note: `${FORMS.length} forms by Docker Compose ${tool.version}` }
    : { ok: false, output: problems.join('\n') };
}

export async function checkDockerfile(context: CheckContext & Elsewhere): Promise<Finding> {
  const tool = await found(findHadolint, context);
  if ('ok' in tool) return tool;
  const { root, env, signal } = context;
  const args = [...tool.args, '--no-color', 'Dockerfile'];
  const { code, stdout, stderr } = await run(tool.command, args, {
    cwd: root,
    env,
    timeoutMs: 30_000,
    signal,
  });
  return code === 0
    ? { ok: true, note: `by hadolint ${tool.version}` }
    : { ok: false, output: `${stdout}${stderr}`.trim() };
}

/** Tests look where there is nothing. */
type Elsewhere = Partial<Pick<FindOptions, 'localDir' | 'origins'>>;
type Finder = (options: FindOptions) => Promise<Found>;

async function found(find: Finder, context: CheckContext & Elsewhere): Promise<Found | Finding> {
  try {
    return await find({ localDir, report: () => undefined, ...context });
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    return { ok: 'not run', why: error.message };
  }
}

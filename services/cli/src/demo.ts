// `npm run demo [-- "<goal>"]`: starts everything, runs the main job once, prints the result as one line of JSON on stdout, and
// leaves nothing running. Everything else goes to stderr.
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { localDir } from '@troupe/setup';
import { createLogger, openKernel, variablesNobodyReads } from '@troupe/shared';
import { runWorkflow } from './client.ts';
import { componentEnvironment, hasProviderKey, readStackConfig } from './config.ts';
import { startDemoPage } from './demo-page.ts';
import { EXIT, exitCodeOf } from './exit-codes.ts';
import { progressLine } from './progress.ts';
import { portIsFree } from './port-holder.ts';
import { interruption, say, tell } from './terminal.ts';
import { startStack } from './stack.ts';

async function demo(goalGiven: string | undefined, signal: AbortSignal): Promise<number> {
  const config = readStackConfig();
  const simulated = !hasProviderKey();
  for (const warning of variablesNobodyReads()) say(`! ${warning}`);
  await mkdir(localDir, { recursive: true });
  // A folder of its own: the demo may run beside `npm run dev` or another demo.
  const folder = await mkdtemp(join(localDir, 'demo-'));
  try {
    await using page = await startDemoPage();
    await using stack = await startStack({
      componentEnv: componentEnvironment(),
      storeDir: join(folder, 'nats'),
      chroma:
        config.CHROMA_URL === undefined ? { dataDir: join(folder, 'chroma') } : { url: config.CHROMA_URL },
      ...((await portIsFree(config.NATS_PORT)) ? { natsPort: config.NATS_PORT } : {}),
      simulated,
      env: { 'tool-executor': { AGENT_EGRESS_ALLOW: page.host } },
      keepRunning: false,
      report: say,
      signal,
    });
    await using kernel = await openKernel({
      url: stack.nats.url,
      name: 'demo',
      logger: createLogger('demo', 'silent'),
    });
    const goal =
      goalGiven ??
      `Open ${page.url} in a browser, read the order's total in \`#total\`, tell me by a notification, and answer with it.`;
    say('');
    const result = await runWorkflow(kernel, {
      user: 'local',
      workflow: `demo-${randomBytes(6).toString('hex')}`,
      request: { goal },
      onEvent: (event) => {
        const line = progressLine(event, simulated);
        if (line !== undefined) say(line);
      },
      signal,
    });
    process.stdout.write(`${JSON.stringify(result)}\n`);
    say(nextSteps(simulated));
    return exitCodeOf(result.status);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const nextSteps = (simulated: boolean): string => `
Try next:
  npm run demo -- 'Open https://example.com and tell me its heading in \`h1\`'
  ${simulated ? 'OPENAI_API_KEY=… npm run demo          the same with a real model' : 'npm test                               everything this rests on, checked'}
  npm run dev                            the stack stays, on nats://127.0.0.1:4222
`;

const interrupted = interruption();
try {
  process.exitCode = await demo(process.argv[2], interrupted.signal);
} catch (error) {
  process.exitCode = interrupted.signal.aborted ? EXIT.interrupted : EXIT.unexpected;
  if (!interrupted.signal.aborted) say(tell(error));
}

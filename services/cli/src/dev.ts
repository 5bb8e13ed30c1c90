// `npm run dev`: the whole stack on 127.0.0.1, without credentials, until Ctrl-C, which drains it and leaves nothing running. State
// stays under .local/ and in CHROMA_PERSIST_DIR.
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { localDir } from '@troupe/setup';
import { StartupError, variablesNobodyReads } from '@troupe/shared';
import type { StackConfig } from './config.ts';
import { componentEnvironment, hasProviderKey, readStackConfig } from './config.ts';
import { EXIT } from './exit-codes.ts';
import { portHolder, portIsFree } from './port-holder.ts';
import { startStack } from './stack.ts';
import { interruption, say, tell } from './terminal.ts';

async function dev(config: StackConfig, signal: AbortSignal): Promise<void> {
  for (const warning of variablesNobodyReads()) say(`! ${warning}`);
  if (!(await portIsFree(config.NATS_PORT))) {
    const holder = await portHolder(config.NATS_PORT);
    throw new StartupError({
      code: 'port_in_use',
      message: `127.0.0.1:${config.NATS_PORT} is held by ${holder ?? 'another process'}.`,
      hint: 'End it, or choose another port with NATS_PORT.',
    });
  }
  const simulated = !hasProviderKey();
  const stateDir = resolve(config.TROUPE_STATE_DIR ?? join(localDir, 'dev'));
  await using stack = await startStack({
    componentEnv: componentEnvironment(),
    storeDir: join(stateDir, 'nats'),
    chroma:
      config.CHROMA_URL === undefined
        ? { dataDir: resolve(config.CHROMA_PERSIST_DIR) }
        : { url: config.CHROMA_URL },
    natsPort: config.NATS_PORT,
    simulated,
    keepRunning: true,
    report: say,
    onLine: (service, line) => say(`${service} ${line}`),
    signal,
  });
  say(`
Ready on ${stack.nats.url} (no credentials, this machine only). State is kept in ${stateDir} and ${config.CHROMA_PERSIST_DIR}.

  Publish    agents.workflow.requested          {"goal":"…","user_id":"alice","workflow_id":"w1"}
  Subscribe  agents.workflow.completed.*.alice.*

Ctrl-C drains and stops everything.`);
  if (!signal.aborted) await once(signal, 'abort');
  say('\nDraining …');
}

const interrupted = interruption();
try {
  await dev(readStackConfig(), interrupted.signal);
} catch (error) {
  if (!interrupted.signal.aborted) {
    say(tell(error));
    process.exitCode = EXIT.unexpected;
  }
}

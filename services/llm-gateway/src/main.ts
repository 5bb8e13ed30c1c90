// The gateway process.
import { runService } from '@troupe/shared';
import { readConfig } from './config.ts';
import { startGateway } from './start.ts';

await runService({
  name: 'llm-gateway',
  readConfig,
  start: (kernel, config, onFatal) => startGateway(kernel, config, onFatal),
});

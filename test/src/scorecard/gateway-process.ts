// The shipped gateway on a faster clock: every time constant, those that an operator chooses included, multiplied by TEST_TIME_FACTOR.
import { runService } from '@troupe/shared';
import { readConfig } from '../../../services/llm-gateway/src/config.ts';
import { scaled, TIMES } from '../../../services/llm-gateway/src/rules/times.ts';
import { startGateway } from '../../../services/llm-gateway/src/start.ts';

const factor = Number(process.env['TEST_TIME_FACTOR'] ?? 1);

await runService({
  name: 'llm-gateway',
  readConfig: () => {
    const config = readConfig();
    return {
      ...config,
      AGENT_LLM_TIMEOUT_SECONDS: config.AGENT_LLM_TIMEOUT_SECONDS * factor,
      AGENT_HTTP_BASE_BACKOFF_SECONDS: config.AGENT_HTTP_BASE_BACKOFF_SECONDS * factor,
    };
  },
  start: (kernel, config, onFatal) => startGateway(kernel, config, onFatal, scaled(TIMES, factor)),
});

// The shipped planner with another workflow type.
import { runService } from '@troupe/shared';
import { readConfig } from '../../../services/planner/src/config.ts';
import { startPlanner } from '../../../services/planner/src/main.ts';
import { fiveStepsRegistry } from './five-steps-machine.ts';

await runService({
  name: 'planner',
  readConfig,
  start: (kernel, config, onFatal) => startPlanner(kernel, config, onFatal, fiveStepsRegistry),
});

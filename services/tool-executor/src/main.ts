// The tool-executor process.
import { runService } from '@troupe/shared';
import { readConfig } from './config.ts';
import { startExecutor } from './start.ts';

await runService({ name: 'tool-executor', readConfig, start: startExecutor });

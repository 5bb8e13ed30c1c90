// memory: long-term memory per user. Answers `memory.requested` and searches over RPC; follows the log to learn.
import { runService } from '@troupe/shared';
import { readConfig } from './config.ts';
import { startMemory } from './start.ts';

await runService({ name: 'memory', readConfig, start: startMemory });

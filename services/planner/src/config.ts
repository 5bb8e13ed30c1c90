// The planner's settings.
import { environment, flag, integerBetween, kernelSettings, readSettings } from '@troupe/shared';

export const settings = {
  ...kernelSettings,
  FF_AGENTS_ENABLED: flag(true),
  /** Output tokens of one model call; goes into the log with each run. */
  AGENT_MAX_TOKENS: integerBetween(100, 32_000, 4_000),
};

export const readConfig = () => readSettings(settings, environment());
export type PlannerConfig = ReturnType<typeof readConfig>;

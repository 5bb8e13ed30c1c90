// The executor's settings, read from the environment once, at start.
import { z } from 'zod';
import { environment, httpUrl, integerBetween, kernelSettings, pathOf, readSettings } from '@troupe/shared';
import { rangeOf } from './egress/addresses.ts';
import type { Allowed } from './policy/egress.ts';
import { parseAllowed } from './policy/egress.ts';

const EgressAllow = z
  .string()
  .default('')
  .transform((list, { addIssue }): Allowed => {
    try {
      const allowed = parseAllowed(list);
      for (const cidr of allowed.cidrs) rangeOf(cidr);
      return allowed;
    } catch {
      addIssue('must be a comma list of host:port and address ranges such as 10.0.0.0/8');
      return z.NEVER;
    }
  });

export const settings = {
  ...kernelSettings,
  /** Tool calls at once, jobs in the background among them. */
  AGENT_TOOL_CONCURRENCY: integerBetween(1, 256, 32),
  /** Browser pages at once. */
  AGENT_BROWSER_CONCURRENCY: integerBetween(1, 64, 4),
  CHROMIUM_PATH: pathOf('a Chromium that runs headless').optional(),
  PATH: z.string().default(''),
  /** Where browsers may go beside the public internet: a comma list of host:port and CIDR. */
  AGENT_EGRESS_ALLOW: EgressAllow,
  /** Set by the operator, so it may be any address, also a private one. */
  AGENT_NOTIFY_WEBHOOK_URL: httpUrl().optional(),
};

export type Config = ReturnType<typeof readConfig>;

/** Throws StartupError `invalid_configuration`. */
export const readConfig = (env = environment()) => readSettings(settings, env);

// Structured logs: one JSON object a line on stdout. No prompts, page contents or secrets in fields.
import { pino } from 'pino';

export type Logger = pino.Logger;

/** A logger whose lines carry the service's name. */
export const createLogger = (service: string, level: string): Logger =>
  pino({
    level,
    base: { service },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  });

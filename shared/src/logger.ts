// Structured logs: one JSON object a line on stdout, with the ids of the message that is in hand. No prompts, page contents or
// secrets in fields.
import { pino } from 'pino';
import { currentLogFields } from './telemetry/current.ts';

export type Logger = pino.Logger;

/** A logger whose lines carry the service's name. */
export const createLogger = (service: string, level: string): Logger =>
  pino({
    level,
    base: { service },
    mixin: currentLogFields,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  });

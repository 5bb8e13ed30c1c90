// What one look at something shows: that it is well, or what is wrong and how to mend it.
import { RetryableError, StartupError, TerminalError } from '@troupe/shared';

export type Finding =
  | { readonly name: string; readonly kind: 'well'; readonly detail: string }
  | { readonly name: string; readonly kind: 'fault'; readonly detail: string; readonly fix: string }
  | { readonly name: string; readonly kind: 'unknown'; readonly detail: string };

export const well = (name: string, detail: string): Finding => ({ name, kind: 'well', detail });
export const fault = (name: string, detail: string, fix: string): Finding => ({
  name,
  kind: 'fault',
  detail,
  fix,
});
/** Not looked at, since something before it is not well. */
export const unknown = (name: string, detail: string): Finding => ({ name, kind: 'unknown', detail });

/** The failure that an error carries, as a finding. */
export function faultOf(name: string, error: unknown, fix: string): Finding {
  if (error instanceof StartupError || error instanceof TerminalError)
    return fault(name, error.failure.message, error.failure.hint);
  if (error instanceof RetryableError) return fault(name, error.message, fix);
  return fault(name, error instanceof Error ? error.message : String(error), fix);
}

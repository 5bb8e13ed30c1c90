// What a failed step is called. Playwright tells by words; here they become stable codes and advice to the model.
import { errors } from 'playwright-core';
import { RetryableError } from '@troupe/shared';
import { ToolError } from '../tool.ts';
import type { Step } from './steps.ts';

/** `number` counts from 1, the job's own URL being step 0. A fault of our own infrastructure is no failure of the step. */
export function stepFailure(step: Step, number: number, error: unknown): ToolError | RetryableError {
  if (error instanceof ToolError || error instanceof RetryableError) return error;
  const what = number === 0 ? 'The page' : `Step ${number} (${step.action}${on(step)})`;
  const said = firstLine(error);
  if (error instanceof errors.TimeoutError) {
    return new ToolError(
      {
        code: 'step_timeout',
        message: `${what} was not done in time.`,
        hint:
          'selector' in step
            ? 'Check the selector; extracting `body` shows what is on the page.'
            : 'The site may be slow: try again later.',
      },
      { retryable: step.action === 'goto', cause: error },
    );
  }
  const network = /net::(ERR_[A-Z_]+)/.exec(said)?.[1];
  if (network !== undefined) {
    return new ToolError(
      {
        code: 'page_unreachable',
        message: `${what} could not be opened (${network}).`,
        hint: 'Check the address, or try again later.',
      },
      { retryable: true, cause: error },
    );
  }
  return new ToolError(
    {
      code: said.includes('crashed') ? 'page_crashed' : 'step_failed',
      message: `${what} failed: ${said}`,
      hint: 'Correct the step, or leave it out.',
    },
    { cause: error },
  );
}

const on = (step: Step): string => ('selector' in step ? ` \`${step.selector.slice(0, 200)}\`` : '');

/** Without the name of the library's method and without its log. */
const firstLine = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error))
    .replace(/\n[^]*$/, '')
    .replace(/^\w+\.\w+: /, '')
    .slice(0, 300);

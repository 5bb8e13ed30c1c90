// The steps of a browser job as the model writes them, and how each is done on a page. What goes wrong is told in the terms
// of the step.
import type { Page } from 'playwright-core';
import { z } from 'zod';
import type { TextReference } from '@troupe/contracts';
import { unusableUrl } from '../policy/egress.ts';

export const HttpUrl = z
  .string()
  .max(4_096)
  .superRefine((text, { addIssue }) => {
    const why = unusableUrl(text);
    if (why !== undefined) addIssue(why);
  })
  .describe('absolute URL, http or https');

const Selector = z.string().min(1).max(1_000).describe('CSS selector');

export const Step = z.discriminatedUnion('action', [
  z.object({ action: z.literal('goto'), url: HttpUrl }),
  z.object({ action: z.literal('click'), selector: Selector }),
  z.object({ action: z.literal('fill'), selector: Selector, value: z.string().max(10_000) }),
  z.object({
    action: z.literal('extract'),
    selector: Selector,
    name: z.string().min(1).max(64).optional().describe('names the text in the output'),
  }),
  z.object({ action: z.literal('screenshot') }),
]);
export type Step = z.infer<typeof Step>;

/** Characters of one extracted text; what is longer is cut, and says so. */
export const TEXT_CHARS = 20_000;

export const Extract = z.object({
  name: z.string(),
  text: z.string(),
  truncated: z.literal(true).optional().describe(`the text went on after ${TEXT_CHARS} characters`),
});
export type Extract = z.infer<typeof Extract>;

/** Whether a step may change something outside. */
export const acts = ({ action }: Step): boolean => action === 'click' || action === 'fill';

export interface StepResults {
  readonly extracts: Extract[];
  readonly screenshots: TextReference[];
}

export interface StepTools {
  readonly timeoutMs: number;
  readonly save: (png: Uint8Array) => Promise<TextReference>;
}

/** Does one step, within its time. Rejects with Playwright's errors. */
export async function runStep(
  page: Page,
  step: Step,
  results: StepResults,
  { timeoutMs: timeout, save }: StepTools,
): Promise<void> {
  switch (step.action) {
    case 'goto':
      await page.goto(step.url, { waitUntil: 'domcontentloaded', timeout });
      return;
    case 'click':
      await page.locator(step.selector).first().click({ timeout });
      return;
    case 'fill':
      await page.locator(step.selector).first().fill(step.value, { timeout });
      return;
    case 'extract':
      results.extracts.push({
        name: step.name ?? step.selector,
        ...(await textAt(page, step.selector, timeout)),
      });
      return;
    case 'screenshot':
      // A picture of a page that never stops loading is still a picture.
      await page.waitForLoadState('load', { timeout: timeout / 2 }).catch(() => undefined);
      results.screenshots.push(await save(await page.screenshot({ timeout })));
  }
}

const POLL_MS = 50;

/**
 * The text of every element that matches, as a person would see it. Waits for an element, and then for text in it: pages
 * put up empty boxes and fill them by script. An element that stays empty is an empty text.
 */
async function textAt(page: Page, selector: string, timeoutMs: number): Promise<Omit<Extract, 'name'>> {
  const until = performance.now() + timeoutMs;
  const found = page.locator(selector);
  await found.first().waitFor({ state: 'attached', timeout: timeoutMs });
  for (;;) {
    const read = await found.evaluateAll(readText, TEXT_CHARS).catch((error: unknown) => {
      // The page went on to another one while it was read.
      if (error instanceof Error && /context was destroyed|navigat/i.test(error.message)) return undefined;
      throw error;
    });
    if ((read !== undefined && read.text.trim() !== '') || performance.now() + POLL_MS > until)
      return read ?? { text: '' };
    await page.waitForTimeout(POLL_MS);
  }
}

/** What `readText` uses of an element; it runs inside the page. */
interface PageElement {
  readonly tagName: string;
  readonly innerText?: string;
  readonly textContent: string | null;
  readonly value?: unknown;
}

function readText(elements: PageElement[], limit: number): { text: string; truncated?: true } {
  const text = elements
    .map((element) =>
      /^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName)
        ? String(element.value)
        : (element.innerText ?? element.textContent ?? ''),
    )
    .join('\n');
  return text.length > limit ? { text: text.slice(0, limit), truncated: true } : { text };
}

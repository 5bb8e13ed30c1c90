// What the tests share: the official SDKs pointed at a simulator, and the simulator's own endpoints. SDK retries are off,
// so that one call is one call.
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import type { CallRecord, Totals } from '../ledger.ts';

export const openaiClient = (url: string, apiKey = 'test-key'): OpenAI =>
  new OpenAI({ apiKey, baseURL: `${url}/v1`, maxRetries: 0, logLevel: 'off' });

export const anthropicClient = (url: string, apiKey = 'test-key'): Anthropic =>
  new Anthropic({ apiKey, baseURL: url, maxRetries: 0, logLevel: 'off' });

export async function addScript(url: string, ...rules: object[]): Promise<void> {
  const response = await fetch(`${url}/simulator/script`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(rules),
  });
  if (!response.ok) throw new Error(`The script was refused: ${await response.text()}`);
}

export async function readRecord(url: string): Promise<{ totals: Totals[]; calls: CallRecord[] }> {
  const response = await fetch(`${url}/simulator/record`);
  return (await response.json()) as { totals: Totals[]; calls: CallRecord[] };
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}

/** Repeats `check` until it passes; fails with its last error after two seconds. */
export async function eventually(check: () => Promise<void>): Promise<void> {
  for (const deadline = performance.now() + 2_000; ; ) {
    try {
      await check();
      return;
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

// Reads tool results as a model would: whether one is an error, whether its error invites another try, and which text
// it brought back. The shapes are guessed from the text itself, since the simulator knows no tool from the inside.
import { isRecord, parseJson } from './json.ts';

export type ToolResult =
  | { readonly kind: 'ok'; readonly text: string }
  | { readonly kind: 'error'; readonly message: string; readonly retryable: boolean };

/** `flagged` is the dialect's own error mark; OpenAI's have none, so the text is asked too. */
export function readResult(text: string, flagged: boolean): ToolResult {
  const value = parseJson(text);
  if (!flagged && !looksFailed(value, text)) return { kind: 'ok', text: extractedText(value) ?? text };
  return { kind: 'error', message: errorMessage(value) ?? text, retryable: saysRetryable(text) };
}

function looksFailed(value: unknown, text: string): boolean {
  if (!isRecord(value)) return /^\s*error\b/i.test(text);
  return (
    (value['error'] !== undefined && value['error'] !== null) ||
    value['ok'] === false ||
    value['is_error'] === true ||
    value['status'] === 'failed'
  );
}

function errorMessage(value: unknown): string | undefined {
  if (!isRecord(value)) return undefined;
  const error = value['error'];
  const message = isRecord(error) ? error['message'] : (error ?? value['message']);
  return typeof message === 'string' ? message : undefined;
}

function saysRetryable(text: string): boolean {
  if (/\b(?:not|non)[- ]retryable\b/i.test(text)) return false;
  return /\bretryable\b(?!["']?\s*[:=]\s*(?:false|no))|\btry again\b/i.test(text);
}

const LABELS = new Set(['selector', 'name', 'action', 'url']);

/** The strings below a property `extracts` (or `extracted`), without the labels that say where they came from. */
function extractedText(value: unknown, depth = 0): string | undefined {
  if (!isRecord(value) || depth > 3) return undefined;
  const extracted = value['extracts'] ?? value['extracted'];
  if (extracted !== undefined) {
    const found = leaves(extracted);
    return found.length > 0 ? found.join('\n') : undefined;
  }
  for (const inner of Object.values(value)) {
    const text = extractedText(inner, depth + 1);
    if (text !== undefined) return text;
  }
  return undefined;
}

function leaves(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return value.flatMap(leaves);
  if (!isRecord(value)) return [];
  return Object.entries(value).flatMap(([name, inner]) => (LABELS.has(name) ? [] : leaves(inner)));
}

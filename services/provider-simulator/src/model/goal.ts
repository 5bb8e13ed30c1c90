// Reads what a person asked for out of prompt text: URLs, a selector, what to remember or search for, and the section
// of long-term context that the prompt may carry. Text only; which tool follows from it is decided in plan.ts.
import { isRecord, parseJson } from './json.ts';

const SECTION_NAME = String.raw`long[-_ ]term[-_ ](?:context|memory)`;

/** A section between named fences, in a code fence, in tags, or under a heading up to the next blank line. */
const SECTIONS: readonly RegExp[] = [
  new RegExp(String.raw`^<<(\w+) ${SECTION_NAME}\n(?<body>[^]*?)\n>>\1 ${SECTION_NAME}$`, 'im'),
  new RegExp(String.raw`(\`{3,}|~{3,})[^\S\n]*${SECTION_NAME}[^\n]*\n(?<body>[^]*?)\n\s*\1`, 'i'),
  new RegExp(String.raw`<(${SECTION_NAME})\b[^>]*>(?<body>[^]*?)</\1\s*>`, 'i'),
  new RegExp(
    String.raw`^[-=#*<[ \t]+(?:begin )?${SECTION_NAME}[^\n]*\n(?<body>[^]*?)(?:\n\s*\n|$(?![^]))`,
    'im',
  ),
];

const LIST_MARKER = /^\s*(?:[-*•]|\d+[.)]|\[\d+\])\s+/;

/** The prompt text without its long-term context, whose URLs and wishes are not the user's. */
export function goalOf(userText: string): string {
  return SECTIONS.reduce((text, section) => text.replace(section, ''), userText).trim();
}

/** The first snippet of the long-term context in any of `texts`. */
export function rememberedSnippet(texts: readonly string[]): string | undefined {
  for (const text of texts) {
    for (const section of SECTIONS) {
      const snippet = firstSnippet(section.exec(text)?.groups?.['body'] ?? '');
      if (snippet !== undefined) return snippet;
    }
  }
  return undefined;
}

/** Of JSON the first text, of a list the first item, else the first line. */
function firstSnippet(section: string): string | undefined {
  const lines = section.split('\n').filter((line) => /\w/.test(line));
  const line = (lines.find((candidate) => LIST_MARKER.test(candidate)) ?? lines[0])
    ?.replace(LIST_MARKER, '')
    .trim();
  const json = parseJson(section) ?? parseJson(line ?? '');
  const [first] = Array.isArray(json) ? (json as unknown[]) : [json];
  if (typeof first === 'string') return first;
  return isRecord(first) && typeof first['text'] === 'string' ? first['text'] : line;
}

export function urlsOf(goal: string): string[] {
  const found = goal.match(/https?:\/\/[^\s<>"'`)\]}]+/g) ?? [];
  return [...new Set(found.map((url) => url.replace(/[.,;:!?]+$/, '')))];
}

/** The first thing quoted in backticks that is not a URL. */
export function selectorOf(goal: string): string | undefined {
  return [...goal.matchAll(/`([^`\n]+)`/g)]
    .map((match) => match[1])
    .find((quoted) => !quoted?.includes('://'));
}

/** Whether the user asks for a notification, whatever is found. */
export const wantsNotification = (goal: string): boolean => /\bnotify me\b/i.test(goal);

/** "remember that X" → X. A question ("do you remember …") is not a wish. */
export function toRemember(goal: string): string | undefined {
  return /(?<!\byou )\bremember(?:\s+that)?[:,]?\s+([^]+)/i.exec(goal)?.[1]?.trim();
}

/** "search memory for X" at the start of the goal → X. */
export function toSearch(goal: string): string | undefined {
  return /^\s*search (?:your |my )?memory for\s+([^]+)/i
    .exec(goal)?.[1]
    ?.trim()
    .replace(/[.?!]+$/, '');
}

/** The id that a system text states as `correlation_id: …` (also `=`, or `is` before a quoted one). */
export function correlationIdOf(systemTexts: readonly string[]): string | undefined {
  const stated = /correlation[ _-]?id["'`]?\s*(?:[:=]\s*["'`]?|is\s+["'`])([A-Za-z0-9_-]{1,64})/i;
  return systemTexts.map((text) => stated.exec(text)?.[1]).find((id) => id !== undefined);
}

/** `text` on one line of at most `length` characters. */
export function shorten(text: string, length: number): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length <= length ? line : `${line.slice(0, length - 1).trimEnd()}…`;
}

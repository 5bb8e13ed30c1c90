// Messages at the door, as bytes and headers, and what is parsed of them.
import assert from 'node:assert/strict';
import type { ParsedCommand, Command } from '../door-command.ts';
import { parseCommand } from '../door-command.ts';

export const REQUESTED = 'agents.workflow.requested';
export const CANCEL = 'agents.workflow.cancel_requested';
export const SIGNALLED = 'agents.workflow.signalled';

/** None of them fits into a subject. */
export const BAD_IDS: readonly unknown[] = [
  'a.b',
  '*',
  '>',
  'a b',
  '',
  'é',
  'a\n',
  'x'.repeat(65),
  42,
  {},
  ['a'],
];

export type Headers = Readonly<Record<string, string>>;

export const text = (body: unknown): string => (typeof body === 'string' ? body : JSON.stringify(body));

export const parse = (subject: string, body: unknown, headers: Headers = {}): ParsedCommand =>
  parseCommand({
    subject,
    header: (name) => headers[name],
    body: body instanceof Uint8Array ? body : new TextEncoder().encode(text(body)),
  });

export function command(parsed: ParsedCommand): Extract<Command, { type: 'workflow.requested' }> {
  assert.ok(parsed.ok, JSON.stringify(parsed));
  assert.equal(parsed.command.type, 'workflow.requested');
  return parsed.command;
}

export const code = (parsed: ParsedCommand): string => (parsed.ok ? 'accepted' : parsed.refusal.code);

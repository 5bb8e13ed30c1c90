// Messages at the door, as bytes and headers, and what is heard of them.
import assert from 'node:assert/strict';
import type { Heard, Wish } from '../knock.ts';
import { hear } from '../knock.ts';

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

export const knock = (subject: string, body: unknown, headers: Headers = {}): Heard =>
  hear({
    subject,
    header: (name) => headers[name],
    body: body instanceof Uint8Array ? body : new TextEncoder().encode(text(body)),
  });

export function wish(heard: Heard): Extract<Wish, { type: 'workflow.requested' }> {
  assert.ok(heard.ok, JSON.stringify(heard));
  assert.equal(heard.wish.type, 'workflow.requested');
  return heard.wish;
}

export const code = (heard: Heard): string => (heard.ok ? 'accepted' : heard.refusal.code);

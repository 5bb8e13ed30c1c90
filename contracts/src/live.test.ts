import assert from 'node:assert/strict';
import { test } from 'node:test';
import { doorSubjects, logSubjects } from './catalogue.ts';
import { UserId, WorkflowId } from './ids.ts';
import { LiveMessage, liveSubject } from './live.ts';

const subject = liveSubject({ user: UserId.parse('alice'), workflow: WorkflowId.parse('wf_1') });

test('live text has a subject of its own, which no stream stores', () => {
  assert.equal(subject, 'agents.live.alice.wf_1');
  const tokens = subject.split('.');
  for (const filter of [...logSubjects(), ...doorSubjects()]) {
    const wanted = filter.split('.');
    const stored =
      wanted.length === tokens.length && wanted.every((token, i) => token === '*' || token === tokens[i]);
    assert.ok(!stored, filter);
  }
});

test('a message says of which answer it is and where it stands in it, and nothing that it says is empty', () => {
  const place = { request: '0'.repeat(32), epoch: 1_790_000_000_000, seq: 1 };
  const accepted = (message: object): boolean => LiveMessage.safeParse(message).success;
  for (const message of [{ kind: 'text', text: 'Hello' }, { kind: 'reset' }, { kind: 'end' }])
    assert.ok(accepted({ ...place, ...message }), message.kind);
  assert.ok(!accepted({ ...place, kind: 'text', text: '' }));
  assert.ok(!accepted({ ...place, kind: 'end', epoch: 0 }));
  assert.ok(!accepted({ ...place, kind: 'end', request: 'llm-1' }));
});

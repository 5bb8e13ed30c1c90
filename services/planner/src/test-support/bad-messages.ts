// What can be wrong with a message at the door, one case each, and a few that look wrong and are not.
import { user } from './stack.ts';
import { CANCEL, REQUESTED, SIGNALLED, text } from './door-messages.ts';

export interface Case {
  readonly what: string;
  readonly subject: string;
  readonly headers: readonly string[];
  readonly body: string | Uint8Array;
  /** `dead <code>`, `failed <code>` or `started`; of `bad-<number of the case>` where a workflow is named. */
  readonly comes: string;
}

export const cases: Case[] = [];
export const alice = `${REQUESTED}.${user}`;
const given = (
  comes: string,
  what: string,
  body: unknown,
  { subject = alice, headers = [] as readonly string[] } = {},
): void => {
  const named = `bad-${cases.length}`;
  const withId = typeof body === 'object' && body !== null && !(body instanceof Uint8Array);
  const whole = withId && !Array.isArray(body) ? { workflow_id: named, ...body } : body;
  const bytes = whole instanceof Uint8Array ? whole : text(whole).replaceAll('%id%', named);
  cases.push({ what, subject, headers, body: bytes, comes });
};

const deep = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
export const STRUCTURED = ['content-type: application/cloudevents+json'];

given('dead invalid_json', 'nothing', '');
given('dead invalid_json', 'half an object', '{"workflow_id":"%id%","goal":"x"');
given('dead invalid_json', 'text', 'Read the total, please');
given('dead invalid_json', 'no UTF-8', new Uint8Array([0x7b, 0xff, 0x7d]));
given('dead invalid_json', 'UTF-16', Buffer.from('\ufeff{"goal":"x"}', 'utf16le'));
given('dead invalid_json', 'deep', `{"goal":"x","workflow_id":"%id%","preferences":{"a":${deep(200)}}}`);
given('dead invalid_json', 'as deep as it is long', deep(490_000));
given('started', 'a byte order mark', '\ufeff{"goal":"x","workflow_id":"%id%"}');
given('dead invalid_request', 'a list', [{ goal: 'x', workflow_id: 'bad' }]);
for (const body of ['null', '42', '"text"', 'true']) given('dead invalid_request', body, body);

given('failed invalid_request', 'no goal', {});
given('failed invalid_request', 'a wrong goal', { goal: 42 });
given('failed invalid_request', 'an empty goal', { goal: '  ' });
given('failed invalid_request', 'a long goal', { goal: 'x'.repeat(8_001) });
given('failed invalid_request', 'a wrong deadline', { goal: 'x', deadline_seconds: 'soon' });
given('failed invalid_request', 'no deadline', '{"goal":"x","workflow_id":"%id%","deadline_seconds":1e999}');
given('failed invalid_request', 'a wrong history', {
  goal: 'x',
  history: [{ role: 'system', content: 'obey' }],
});
given('failed invalid_request', 'large preferences', { goal: 'x', preferences: { a: 'y'.repeat(20_000) } });
given('failed invalid_request', 'a wrong type name', { goal: 'x', workflow_type: 'Not Snake' });
given(
  'failed invalid_request',
  'wrong numbers',
  `{"goal":"x","workflow_id":"%id%","preferences":{"a":[${'[1e999],'.repeat(100_000)}1]}}`,
);
given('failed unknown_workflow_type', 'an unknown type', { goal: 'x', workflow_type: 'unheard_of' });
given('failed request_too_large', 'too large', {
  goal: 'x',
  history: [{ role: 'user', content: 'y'.repeat(1_000_000) }],
});
given('failed user_mismatch', "another user's", { goal: 'x', user_id: 'bob' });
given('dead user_mismatch', "another user's, without an id", '{"goal":"x","user_id":"bob"}');

for (const id of ['a.b', '*', '>', 'a b', '', 'x'.repeat(65), 'é']) {
  given('dead invalid_workflow_id', `the workflow id ${id}`, { goal: 'x', workflow_id: id });
  given('dead invalid_user', `the user id ${id}`, { goal: 'x', user_id: id }, { subject: REQUESTED });
}
given('dead invalid_user', 'a user that is an object', { goal: 'x', user_id: {} }, { subject: REQUESTED });
given(
  'dead invalid_user',
  'a user of the subject that is none',
  { goal: 'x' },
  { subject: `${REQUESTED}.a@b` },
);
given('started', 'a user of the body', { goal: 'x', user_id: user }, { subject: REQUESTED });

given(
  'started',
  'a binary CloudEvent',
  { goal: 'x' },
  { headers: ['ce-specversion: 1.0', 'ce-id: 1', 'ce-type: x'] },
);
given(
  'started',
  'a structured CloudEvent',
  '{"specversion":"1.0","data":{"goal":"x","workflow_id":"%id%"}}',
  { headers: STRUCTURED },
);
given(
  'failed invalid_request',
  'an old CloudEvent',
  '{"specversion":"0.3","data":{"goal":"x","workflow_id":"%id%"}}',
  { headers: STRUCTURED },
);
given('dead invalid_request', 'a CloudEvent that is none', { goal: 'x' }, { headers: STRUCTURED });
given(
  'started',
  'header names of another case',
  '{"specversion":"1.0","data":{"goal":"x","workflow_id":"%id%"}}',
  { headers: ['CONTENT-TYPE: Application/CloudEvents+JSON'] },
);
given(
  'started',
  'headers of the server',
  { goal: 'x' },
  {
    headers: ['Nats-Msg-Id: one', 'Nats-Subject: x', 'Nats-Sequence: 1'],
  },
);
given('started', 'a header without a name', { goal: 'x' }, { headers: [': none', 'no colon', 'sp ace: x'] });
given(
  'started',
  'large headers',
  { goal: 'x' },
  { headers: [`traceparent: ${'a'.repeat(30_000)}`, `x: ${'é'.repeat(15_000)}`] },
);

given(
  'started',
  '__proto__',
  '{"goal":"x","workflow_id":"%id%","__proto__":{"user_id":"eve"},"preferences":{"__proto__":{"a":1}}}',
);
given(
  'failed invalid_request',
  '__proto__ within',
  '{"goal":"x","workflow_id":"%id%","preferences":{"a":{"__proto__":{"b":1}}}}',
);
given('started', 'members twice', '{"goal":"y","workflow_id":"other","goal":"x","workflow_id":"%id%"}');
given('started', 'fields that nobody knows', { goal: 'x', model: 'best', constructor: 1, toString: 'x' });

given('dead invalid_request', 'a cancellation of nothing', '{}', { subject: `${CANCEL}.${user}` });
given(
  'dead invalid_request',
  'a cancellation with a bad reason',
  { reason: 42 },
  { subject: `${CANCEL}.${user}` },
);
given(
  'dead unknown_workflow',
  'a cancellation of what never was',
  { reason: 'x' },
  { subject: `${CANCEL}.${user}` },
);
given('dead invalid_request', 'a signal without a name', {}, { subject: `${SIGNALLED}.${user}` });
given(
  'dead invalid_request',
  'a signal with a bad name',
  { name: 'a.b' },
  { subject: `${SIGNALLED}.${user}` },
);
given(
  'dead unknown_workflow',
  'a signal to what never was',
  { name: 'go' },
  { subject: `${SIGNALLED}.${user}` },
);

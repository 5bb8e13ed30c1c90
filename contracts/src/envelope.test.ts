// Events to headers and bytes and back: nothing is lost, nothing else is taken for an event, and a broken one is named.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MessageType } from './catalogue.ts';
import { catalogue } from './catalogue.ts';
import type { EventDraft, RawMessage } from './envelope.ts';
import { ContractError, decodeEvent, encodeEvent, EXPECTED_LAST } from './envelope.ts';
import { eventId, UserId, WorkflowId } from './ids.ts';

const draftOf = (type: MessageType, data: unknown = catalogue.get(type)?.example): EventDraft =>
  ({
    type,
    data,
    user: UserId.parse('alice'),
    workflow: WorkflowId.parse('wf_1'),
    id: eventId('cause', type),
    source: '/troupe/test',
    correlationId: 'corr:1/x',
    causationId: 'cause',
    workflowType: 'automation',
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  }) as EventDraft;

interface Stored {
  subject: string;
  headers: Record<string, string>;
  body: Uint8Array;
}
/** `draft` as the server hands it out, with changes. */
function stored(draft: EventDraft, change: (message: Stored) => void = () => undefined): RawMessage {
  const { subject, headers, body } = encodeEvent(draft, 3, new Date(0));
  const message: Stored = {
    subject,
    headers: { ...headers, [EXPECTED_LAST]: '17' },
    body: new TextEncoder().encode(body),
  };
  change(message);
  const header = (name: string): string | undefined => message.headers[name];
  return { subject: message.subject, header, body: message.body, seq: 42, storedAt: 1_700_000_000_123 };
}

for (const type of catalogue.keys() as MapIterator<MessageType>) {
  test(`an event ${type} decodes to what was encoded, with its place and the stream's time`, () => {
    const draft = draftOf(type);
    const { user, workflow, id, source, correlationId, causationId, workflowType, traceparent, data } = draft;
    assert.deepEqual(decodeEvent(stored(draft)), {
      ...{ user, workflow, id, source, correlationId, causationId, workflowType, traceparent, data, type },
      position: { seq: 42, sequence: 3 },
      previous: 17,
      storedAt: 1_700_000_000_123,
    });
  });
}

test('the envelope is a CloudEvent in binary mode', () => {
  const { headers } = encodeEvent(draftOf('timer.fired'), 3, new Date(0));
  assert.deepEqual(headers, {
    'ce-specversion': '1.0',
    'ce-id': eventId('cause', 'timer.fired'),
    'ce-type': 'timer.fired',
    'ce-source': '/troupe/test',
    'ce-subject': 'wf_1',
    'ce-time': '1970-01-01T00:00:00.000Z',
    'ce-datacontenttype': 'application/json',
    'ce-dataschema': 'urn:troupe:timer.fired:1',
    'ce-correlationid': 'corr:1/x',
    'ce-causationid': 'cause',
    'ce-sequence': '3',
    'ce-workflowtype': 'automation',
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  });
});

const BROKEN: [string, (message: Stored) => void][] = [
  ['a subject outside the log', (message) => (message.subject = 'agents.workflow.requested.alice')],
  ['a body that is not JSON', (message) => (message.body = new TextEncoder().encode('{'))],
  ['an empty body', (message) => (message.body = new Uint8Array())],
  ['a body that is not UTF-8', (message) => (message.body = Uint8Array.of(0x22, 0xff, 0x22))],
  ['data that breaks the schema', (message) => (message.body = new TextEncoder().encode('{"tool":1}'))],
  ...['ce-id', 'ce-source', 'ce-correlationid', 'ce-causationid', 'ce-sequence', EXPECTED_LAST].map(
    (name): [string, (message: Stored) => void] => [
      `no ${name}`,
      ({ headers }) => {
        // eslint-disable-next-line @typescript-eslint/no-dynamic-delete
        delete headers[name];
      },
    ],
  ),
  ['an id of another form', ({ headers }) => (headers['ce-id'] = 'ABC')],
  ['a sequence of zero', ({ headers }) => (headers['ce-sequence'] = '0')],
  ['a sequence that is no number', ({ headers }) => (headers['ce-sequence'] = '1e999')],
  ['a negative predecessor', ({ headers }) => (headers[EXPECTED_LAST] = '-1')],
];
for (const [what, change] of BROKEN) {
  test(`a stored message with ${what} is no event, and says which message it is`, () => {
    assert.throws(
      () => decodeEvent(stored(draftOf('tool.started'), change)),
      (error: unknown) => error instanceof ContractError && /42|agents\./.test(error.message),
    );
  });
}

test('the type of an event is the one of its subject, whatever its headers say', () => {
  const event = decodeEvent(
    stored(draftOf('tool.started'), ({ headers }) => (headers['ce-type'] = 'tool.failed')),
  );
  assert.equal(event.type, 'tool.started');
});

test('an event of a type that is not in the catalogue keeps its envelope and has no data', () => {
  const event = decodeEvent(
    stored(draftOf('tool.started'), (message) => {
      message.subject = message.subject.replace('tool.started', 'tool.imagined');
      message.body = Uint8Array.of(0xff);
    }),
  );
  assert.ok(event.type === 'unknown' && !('data' in event));
  assert.deepEqual([event.unknownType, event.position.sequence], ['tool.imagined', 3]);
});

test('data that breaks its schema is never encoded', () => {
  assert.throws(() =>
    encodeEvent(draftOf('tool.started', { tool: 'Not A Name', token: 't' }), 1, new Date()),
  );
});

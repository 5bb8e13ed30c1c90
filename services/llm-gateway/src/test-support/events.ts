// Stored events of one workflow, as the log would hand them out.
import type { EventId, LogEvent, StoredEvent, UserId, WorkflowId } from '@troupe/contracts';
import { eventId } from '@troupe/contracts';

const KEY = { user: 'user' as UserId, workflow: 'workflow' as WorkflowId };
let made = 0;

const envelope = (id: EventId, causationId: string) => ({
  ...KEY,
  id,
  causationId,
  source: '/troupe/test',
  correlationId: 'correlation',
  traceparent: undefined,
  position: { seq: 0, sequence: 0 },
  previous: 0,
  storedAt: 0,
});

export function requestOf(request: {
  turn: number;
  says: string;
  continues?: EventId;
}): LogEvent<'llm.requested'> {
  made += 1;
  return {
    ...envelope(eventId('test', `request-${made}`), 'cause'),
    type: 'llm.requested',
    data: {
      turn: request.turn,
      continues: request.continues,
      messages: [{ role: 'user', content: { text: request.says } }],
      tools: [],
      tool_choice: 'auto',
      max_tokens: 100,
    },
  };
}

export const completedOf = (request: { id: EventId }, text: string): LogEvent<'llm.completed'> => ({
  ...envelope(eventId(request.id, 'outcome'), request.id),
  type: 'llm.completed',
  data: {
    turn: { text, tool_calls: [] },
    finish: 'stop',
    provider: 'openai',
    model: 'gpt-4.1-mini',
    usage: { input_tokens: 1, output_tokens: 1 },
    attempts: 1,
  },
});

/** The events at sequences 1, 2, 3 …, in the order given. */
export function logOf(...events: StoredEvent[]): StoredEvent[] {
  return events.map((event, i) =>
    Object.assign(event, { position: { seq: i + 1, sequence: i + 1 }, previous: i }),
  );
}

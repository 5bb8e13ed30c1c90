// The span of one message in the hands of one consumer: its unit of work here, and at the same time what the messaging conventions
// call a process span. Names are ours (`agents.<workflow type>.<action>`), attributes are the standard's.
import type { Envelope, RequestType } from '@troupe/contracts';
import type { Delivery } from '../nats/delivery.ts';
import type { Attributes, SpanDescription } from './tracing.ts';

export type Action = 'execute' | 'plan' | 'llm_call' | 'tool_call' | 'memory_search' | 'memory_upsert';

const ACTION: Readonly<Record<RequestType, Action>> = {
  'llm.requested': 'llm_call',
  'tool.requested': 'tool_call',
  'memory.requested': 'memory_search',
};

/** The types of workflow are registered: whatever else stands in a log would make up names of spans. */
const WORKFLOW_TYPE = /^[a-z][a-z0-9_]{0,63}$/;

export const spanName = (workflowType: string | undefined, action: Action): string =>
  `agents.${workflowType !== undefined && WORKFLOW_TYPE.test(workflowType) ? workflowType : 'unknown'}.${action}`;

/** What every span of a run says of it. */
export const runAttributes = ({ user, workflow, correlationId }: RunIds): Attributes => ({
  'user.id': user,
  'workflow.id': workflow,
  correlation_id: correlationId,
  'gen_ai.conversation.id': workflow,
});
type RunIds = Pick<Envelope, 'user' | 'workflow' | 'correlationId'>;

type Message = Pick<Delivery, 'subject' | 'attempt' | 'storedAt'>;

export function messagingAttributes(event: Envelope, message: Message, consumer: string): Attributes {
  const type = message.subject.split('.').slice(1, 3).join('.');
  return {
    'messaging.system': 'nats',
    'messaging.operation.type': 'process',
    'messaging.operation.name': 'process',
    'messaging.destination.name': message.subject,
    'messaging.destination.template': `agents.${type}.{shard}.{user}.{workflow}`,
    'messaging.consumer.group.name': consumer,
    'messaging.message.id': event.id,
    'messaging.message.conversation_id': event.correlationId,
    'cloudevents.event_id': event.id,
    'cloudevents.event_source': event.source,
    'cloudevents.event_type': type,
    'cloudevents.event_subject': event.workflow,
    'agents.delivery.attempt': message.attempt,
  };
}

/** A request in the hands of the service that answers it: below the run, linked to nothing else. */
export const workSpan = (
  request: Envelope & { readonly type: RequestType },
  message: Message,
  consumer: string,
): SpanDescription => ({
  name: spanName(request.workflowType, ACTION[request.type]),
  kind: 'consumer',
  parent: request.traceparent,
  attributes: {
    ...runAttributes(request),
    ...messagingAttributes(request, message, consumer),
    'agents.delivery.wait_ms': Date.now() - message.storedAt,
  },
});

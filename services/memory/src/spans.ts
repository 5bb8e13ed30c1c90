// What is traced of the memory: never a query or a text, and never a collection's name, which stands for its user.
import type { StoredEvent } from '@troupe/contracts';
import type { Delivery, SpanDescription } from '@troupe/shared';
import { messagingAttributes, runAttributes, spanName } from '@troupe/shared';

export const memorySpan = (
  operation: 'search_memory' | 'upsert_memory',
  records?: number,
): SpanDescription => ({
  name: operation,
  kind: 'client',
  attributes: {
    'gen_ai.operation.name': operation,
    'gen_ai.memory.store.id': 'chroma',
    'gen_ai.memory.record.count': records,
  },
});

/** `records`: how many are written, or how many are asked for at most. */
export const storeSpan = (action: 'search' | 'upsert', records: number): SpanDescription => ({
  name: `agents.vectorstore.${action}`,
  kind: 'client',
  attributes: {
    'db.system.name': 'chroma',
    'db.operation.name': action === 'search' ? 'query' : 'upsert',
    [action === 'search' ? 'agents.vectorstore.limit' : 'agents.vectorstore.records']: records,
  },
});

/** A memory that is kept: below the run's root, which is what the event of a run's end names as its parent. */
export const upsertSpan = (
  event: StoredEvent,
  delivery: Delivery,
  { consumer, startedAt }: { readonly consumer: string; readonly startedAt: number },
): SpanDescription => ({
  name: spanName(event.workflowType, 'memory_upsert'),
  kind: 'consumer',
  parent: event.traceparent,
  startedAt,
  attributes: { ...runAttributes(event), ...messagingAttributes(event, delivery, consumer) },
});

// The conversation that a request asks to go on with, assembled from the log: the messages and the answer of every request
// that it continues, then its own messages. Pure.
import type { AssistantTurn, DataOf, EventId, LogEvent, PromptMessage, StoredEvent } from '@troupe/contracts';

export type Entry =
  | { readonly kind: 'message'; readonly message: PromptMessage }
  | { readonly kind: 'turn'; readonly turn: AssistantTurn };

/** The chain of requests is not in the log as the newest of them says: a bug of whoever wrote it. */
export class BrokenChain extends Error {
  override name = 'BrokenChain';
}

/** Everything before the messages of `request`, oldest first. Throws BrokenChain. */
export function historyOf(request: LogEvent<'llm.requested'>, log: readonly StoredEvent[]): Entry[] {
  const requests = new Map<string, DataOf<'llm.requested'>>();
  for (const event of log) if (event.type === 'llm.requested') requests.set(event.id, event.data);
  const answers = answersIn(log);

  const links: Entry[][] = [];
  const seen = new Set<string>([request.id]);
  for (let id = request.data.continues; id !== undefined; ) {
    const before = requests.get(id);
    if (before === undefined || seen.has(id))
      throw new BrokenChain(`${id} is not a request before ${request.id}`);
    seen.add(id);
    links.push([...messagesOf(before), answerTo(id, answers)]);
    id = before.continues;
  }
  return links.reverse().flat();
}

/** The answer to the request `id`, found among `events`. Throws BrokenChain. */
export const answerIn = (id: EventId, events: readonly StoredEvent[]): Entry =>
  answerTo(id, answersIn(events));

export const messagesOf = ({ messages }: DataOf<'llm.requested'>): Entry[] =>
  messages.map((message) => ({ kind: 'message', message }));

function answersIn(log: readonly StoredEvent[]): Map<string, AssistantTurn> {
  const answers = new Map<string, AssistantTurn>();
  for (const event of log)
    if (event.type === 'llm.completed') answers.set(event.causationId, event.data.turn);
  return answers;
}

function answerTo(id: string, answers: ReadonlyMap<string, AssistantTurn>): Entry {
  const turn = answers.get(id);
  if (turn === undefined) throw new BrokenChain(`${id} was not answered`);
  return { kind: 'turn', turn };
}

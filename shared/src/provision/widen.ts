// The one change that is made to what exists: a newer version listens at more subjects of the door. Adding subjects to a stream
// deletes nothing and moves nothing, and no message of theirs is stored yet; every other difference is left to a person.
import type { JetStreamManager } from 'nats';
import { DOOR_STREAM, declaredConsumers, declaredStreams } from './declared.ts';

/** What the door lacks, each with the change that mends it, in order: a consumer listens only to what its stream takes. */
export async function widenings(
  manager: JetStreamManager,
): Promise<{ readonly name: string; readonly make: () => Promise<unknown> }[]> {
  const found = [];
  for (const { name, subjects } of declaredStreams().filter((stream) => stream.name === DOOR_STREAM)) {
    const { config } = await manager.streams.info(name);
    if (isWider(subjects, config.subjects))
      found.push({ name: `subjects of ${name}`, make: () => manager.streams.update(name, { subjects }) });
  }
  for (const { stream, config } of declaredConsumers().filter(
    (consumer) => consumer.stream === DOOR_STREAM,
  )) {
    const { durable_name, filter_subjects = [] } = config;
    const { config: actual } = await manager.consumers.info(stream, durable_name);
    if (isWider(filter_subjects, actual.filter_subjects ?? []))
      found.push({
        name: `subjects of ${durable_name}`,
        make: () => manager.consumers.update(stream, durable_name, { filter_subjects }),
      });
  }
  return found;
}

/** Whether `declared` holds all of `actual` and more. */
const isWider = (declared: readonly string[], actual: readonly string[]): boolean =>
  actual.length > 0 &&
  declared.length > actual.length &&
  actual.every((subject) => declared.includes(subject));

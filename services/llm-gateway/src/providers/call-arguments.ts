// A call's arguments on their way back into a history. Models write what they like; Anthropic and the templates of local
// servers take only objects back. Pure.
import type { ModelToolCall } from '@troupe/contracts';
import { JsonObject } from '@troupe/contracts';

/** The arguments as an object; those that are none are wrapped, so that the model sees what it wrote. */
export function argumentsOf({ arguments: text }: Pick<ModelToolCall, 'arguments'>): JsonObject {
  try {
    return JsonObject.parse(JSON.parse(text));
  } catch {
    return { INVALID_JSON: text };
  }
}

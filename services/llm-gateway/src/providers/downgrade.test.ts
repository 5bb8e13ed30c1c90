import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProviderFault } from '../rules/fault.ts';
import { droppable } from './downgrade.ts';

const refused = (message: string, codes: readonly string[] = [], status = 400): ProviderFault => ({
  kind: 'refused',
  status,
  codes,
  message,
  retryAfterMs: undefined,
});

const TABLE: readonly (readonly [ProviderFault, ReturnType<typeof droppable>])[] = [
  [refused("Unsupported parameter: 'temperature'.", ['unsupported_parameter']), 'temperature'],
  [refused("Unsupported value: 'temperature' does not support 0.2.", ['unsupported_value']), 'temperature'],
  [refused('temperature: Extra inputs are not permitted', ['invalid_request_error']), 'temperature'],
  [refused("Invalid schema for response_format 'answer'.", ['invalid_json_schema']), 'schema'],
  [refused("Invalid schema for function 'look'.", ['invalid_function_parameters']), 'schema'],
  [refused("'response_format' of type 'json_schema' is not supported with this model."), 'schema'],
  [refused('output_config.format: this model does not support structured outputs'), 'schema'],
  [refused("Unknown parameter: 'text.format'.", ['unknown_parameter']), 'schema'],
  [refused('tool_choice is not supported by this server'), 'tool_choice'],
  [refused("Unsupported parameter: 'parallel_tool_calls'", ['unsupported_parameter']), 'tool_choice'],
  [refused('unsupported field: tool_choice', [], 422), 'tool_choice'],
  [refused("Unsupported parameter: 'stream'.", ['unsupported_parameter']), undefined],
  [refused('temperature: must be at most 1'), undefined],
  [refused('messages: roles must alternate'), undefined],
  [refused('temperature is not supported', [], 500), undefined],
  [{ kind: 'malformed' }, undefined],
];

for (const [fault, part] of TABLE) {
  test(`${fault.kind === 'refused' ? `${fault.status} ${fault.message}` : fault.kind}: without ${part ?? 'nothing'}`, () => {
    assert.equal(droppable(fault), part);
  });
}

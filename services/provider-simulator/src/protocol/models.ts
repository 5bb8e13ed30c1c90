// The list of models, in the shape of whichever provider is asked. Names are examples: any model name is served.

const OPENAI_MODELS = ['gpt-4.1-mini', 'gpt-5.4-mini', 'text-embedding-3-small', 'text-embedding-3-large'];
const ANTHROPIC_MODELS = ['claude-sonnet-5-5', 'claude-haiku-4-5'];

export function openaiModels(): object {
  return {
    object: 'list',
    data: OPENAI_MODELS.map((id) => ({ id, object: 'model', created: 0, owned_by: 'provider-simulator' })),
  };
}

export function anthropicModels(): object {
  return {
    data: ANTHROPIC_MODELS.map((id) => ({
      id,
      type: 'model',
      display_name: `${id} (provider-simulator)`,
      created_at: '1970-01-01T00:00:00Z',
      deprecated_at: null,
      retires_at: null,
      lifecycle: 'active',
      line: null,
      capabilities: null,
      max_input_tokens: null,
      max_tokens: null,
    })),
    has_more: false,
    first_id: ANTHROPIC_MODELS[0],
    last_id: ANTHROPIC_MODELS.at(-1),
  };
}

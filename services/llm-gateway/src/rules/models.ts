// What a model's name tells about it. Pure.

export type ProviderName = 'openai' | 'anthropic';

export const providerOf = (model: string): ProviderName =>
  model.startsWith('claude') ? 'anthropic' : 'openai';

/** OpenAI's reasoning models refuse sampling parameters. */
export const takesTemperature = (model: string): boolean => !/^(o\d|gpt-[56])/.test(model);

/** OpenAI's models before gpt-4o cannot be held to a schema; they have to be asked. */
export const takesJsonSchema = (model: string): boolean => !/^(gpt-3\.5|gpt-4(-|$))/.test(model);

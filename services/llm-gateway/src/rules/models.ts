// What a model's name tells about it. Pure. What a name does not tell is undefined, never guessed.

export type ProviderName = 'openai' | 'anthropic';

export const providerOf = (model: string): ProviderName =>
  model.startsWith('claude') ? 'anthropic' : 'openai';

export interface ModelLimits {
  /** Input and output together, in tokens. */
  readonly contextTokens: number;
  readonly maxOutputTokens: number;
}

/** The first that fits decides: the more particular names stand before the families that they belong to. */
const LIMITS: readonly (readonly [RegExp, ModelLimits])[] = [
  [/^gpt-6/, { contextTokens: 1_050_000, maxOutputTokens: 128_000 }],
  [/^gpt-5\.[4-9](?!-(mini|nano))/, { contextTokens: 1_050_000, maxOutputTokens: 128_000 }],
  [/^gpt-5(\.\d)?-chat/, { contextTokens: 128_000, maxOutputTokens: 16_384 }],
  [/^gpt-5/, { contextTokens: 400_000, maxOutputTokens: 128_000 }],
  [/^gpt-4\.1/, { contextTokens: 1_047_576, maxOutputTokens: 32_768 }],
  [/^gpt-4o/, { contextTokens: 128_000, maxOutputTokens: 16_384 }],
  [/^gpt-4-turbo/, { contextTokens: 128_000, maxOutputTokens: 4_096 }],
  [/^gpt-4(-0613)?$/, { contextTokens: 8_192, maxOutputTokens: 8_192 }],
  [/^gpt-3\.5-turbo/, { contextTokens: 16_385, maxOutputTokens: 4_096 }],
  [/^(o1|o3|o4-mini)(?!-mini)/, { contextTokens: 200_000, maxOutputTokens: 100_000 }],
  [/^claude-[a-z]+-5/, { contextTokens: 1_000_000, maxOutputTokens: 128_000 }],
  [/^claude-/, { contextTokens: 200_000, maxOutputTokens: 64_000 }],
];

/** Undefined for a model that is not known here, a local one for instance. */
export const limitsOf = (model: string): ModelLimits | undefined =>
  LIMITS.find(([name]) => name.test(model))?.[1];

/** `tokens`, or what the model puts out at most if that is less: it would refuse to be asked for more. */
export const cappedOutput = (model: string, tokens: number): number =>
  Math.min(tokens, limitsOf(model)?.maxOutputTokens ?? tokens);

/** May think for long before it says anything. */
export const isReasoning = (model: string): boolean =>
  /^(o\d|gpt-6|gpt-5(?!(\.\d)?-chat)|claude-[a-z]+-5)/.test(model);

/** Reasoning models refuse sampling parameters, and so does Anthropic's API from any model. */
export const takesTemperature = (model: string): boolean => !/^(o\d|gpt-[56]|claude)/.test(model);

/** OpenAI's models before gpt-4o cannot be held to a schema; they have to be asked. */
export const takesJsonSchema = (model: string): boolean => !/^(gpt-3\.5|gpt-4(-|$))/.test(model);

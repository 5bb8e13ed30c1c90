// The errors that gateways must tell apart by more than their status, in each provider's own words: a used-up quota is a 429 at
// one and a 400 at the other.
import { z } from 'zod';
import type { ApiFault, Family } from './errors.ts';

export const KnownError = z.enum([
  'rate_limit',
  'quota',
  'overloaded',
  'context_too_long',
  'content_filter',
  'unsupported_temperature',
]);
export type KnownError = z.infer<typeof KnownError>;

type Wording = Readonly<Record<KnownError, ApiFault>>;

const OPENAI: Wording = {
  rate_limit: { status: 429, message: 'Rate limit reached for requests. [provider-simulator]' },
  quota: {
    status: 429,
    type: 'insufficient_quota',
    code: 'insufficient_quota',
    message:
      'You exceeded your current quota, please check your plan and billing details. [provider-simulator]',
  },
  overloaded: { status: 503, message: 'The server is currently overloaded. [provider-simulator]' },
  context_too_long: {
    status: 400,
    code: 'context_length_exceeded',
    param: 'input',
    message: 'Your input exceeds the context window of this model. [provider-simulator]',
  },
  content_filter: {
    status: 400,
    code: 'content_filter',
    message: 'The request was refused by the content policy. [provider-simulator]',
  },
  unsupported_temperature: {
    status: 400,
    code: 'unsupported_parameter',
    param: 'temperature',
    message: "Unsupported parameter: 'temperature' is not supported with this model. [provider-simulator]",
  },
};

const ANTHROPIC: Wording = {
  rate_limit: { status: 429, message: 'This request would exceed your rate limit. [provider-simulator]' },
  quota: {
    status: 400,
    message: 'You have reached your specified API usage limits. [provider-simulator]',
  },
  overloaded: { status: 529, message: 'Overloaded [provider-simulator]' },
  context_too_long: {
    status: 400,
    message: 'prompt is too long: 210000 tokens > 200000 maximum [provider-simulator]',
  },
  content_filter: {
    status: 400,
    message: 'Output blocked by content filtering policy [provider-simulator]',
  },
  unsupported_temperature: {
    status: 400,
    message: 'temperature: Extra inputs are not permitted [provider-simulator]',
  },
};

export const knownError = (family: Family, error: KnownError): ApiFault =>
  (family === 'openai' ? OPENAI : ANTHROPIC)[error];

// Errors as the providers word them on the wire. One fault value, two bodies: OpenAI's flat error object and
// Anthropic's tagged one. Default types and codes per status are those that the SDKs and retry rules key on.
import type { z } from 'zod';

export type Family = 'openai' | 'anthropic';

export interface ApiFault {
  readonly status: number;
  readonly message: string;
  readonly type?: string | undefined;
  readonly code?: string | undefined;
  readonly param?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** Ends a request with `fault`; thrown by dialects while they read a request. */
export class ApiError extends Error {
  readonly fault: ApiFault;

  constructor(fault: ApiFault) {
    super(fault.message);
    this.name = 'ApiError';
    this.fault = fault;
  }
}

const OPENAI_DEFAULTS: Readonly<Record<number, { type: string; code?: string }>> = {
  401: { type: 'invalid_request_error', code: 'invalid_api_key' },
  404: { type: 'invalid_request_error', code: 'model_not_found' },
  429: { type: 'requests', code: 'rate_limit_exceeded' },
  500: { type: 'server_error' },
  503: { type: 'service_unavailable_error', code: 'server_is_overloaded' },
};

const ANTHROPIC_TYPES: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  409: 'conflict_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  504: 'timeout_error',
  529: 'overloaded_error',
};

export function openaiError(fault: ApiFault): object {
  const fallback = OPENAI_DEFAULTS[fault.status] ?? {
    type: fault.status < 500 ? 'invalid_request_error' : 'server_error',
  };
  return {
    message: fault.message,
    type: fault.type ?? fallback.type,
    param: fault.param ?? null,
    code: fault.code ?? fallback.code ?? null,
  };
}

export function anthropicError(fault: ApiFault): object {
  const fallback =
    ANTHROPIC_TYPES[fault.status] ?? (fault.status < 500 ? 'invalid_request_error' : 'api_error');
  return {
    type: fault.type ?? fallback,
    message: fault.message,
    ...(fault.code === undefined ? {} : { details: { error_code: fault.code } }),
  };
}

/** The whole body of an error answer. */
export function errorText(family: Family, fault: ApiFault, requestId: string): string {
  return JSON.stringify(
    family === 'openai'
      ? { error: openaiError(fault) }
      : { type: 'error', error: anthropicError(fault), request_id: requestId },
  );
}

/** The 400 for a body that does not fit, naming its first wrong field as that provider does. */
function validationFault(family: Family, error: z.ZodError, body: unknown): ApiFault {
  const issue = error.issues[0];
  const path = issue?.path ?? [];
  const missing = valueAt(body, path) === undefined;
  if (family === 'anthropic') {
    const reason = missing ? 'Field required' : (issue?.message ?? 'Invalid value');
    return { status: 400, message: `${path.join('.') || 'body'}: ${reason}` };
  }
  const param = path.reduce<string>(
    (text, key) => (typeof key === 'number' ? `${text}[${key}]` : `${text}${text && '.'}${String(key)}`),
    '',
  );
  return missing
    ? {
        status: 400,
        message: `Missing required parameter: '${param}'.`,
        code: 'missing_required_parameter',
        param,
      }
    : {
        status: 400,
        message: `Invalid '${param}': ${issue?.message ?? 'invalid value'}.`,
        code: 'invalid_value',
        param,
      };
}

function valueAt(body: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined),
    body,
  );
}

export function parseBody<T>(family: Family, schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (!parsed.success) throw new ApiError(validationFault(family, parsed.error, body));
  return parsed.data;
}

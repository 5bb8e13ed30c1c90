// The standard OTEL_* variables, as far as they concern traces (metrics are scraped, logs go to stdout). Which of them exist and
// what they mean is OpenTelemetry's; here they are validated like every other setting.
import { z } from 'zod';

const optionalUrl = z
  .url({ protocol: /^https?$/, error: 'must be a URL that begins with http:// or https://' })
  .optional();

/** `key=value` pairs with commas between them, both percent-encoded. */
const pairs = (what: string) =>
  z
    .string()
    .refine(
      (text) => parsePairs(text) !== undefined,
      `must be ${what} like key=value,key=value, percent-encoded`,
    )
    .transform((text) => parsePairs(text) ?? {})
    .optional();

const milliseconds = z
  .string()
  .regex(/^[1-9]\d{0,5}$/, 'must be milliseconds from 1 to 999999')
  .transform(Number)
  .optional();

const SAMPLERS = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;

export const traceSettings = {
  OTEL_SDK_DISABLED: z
    .string()
    .regex(/^(true|false)$/i, 'must be true or false')
    .default('false')
    .transform((text) => text.toLowerCase() === 'true'),
  OTEL_TRACES_EXPORTER: z.enum(['otlp', 'none'], 'must be otlp or none').default('otlp'),
  /** The collector; /v1/traces is added. Without it, and the next one, nothing is traced. */
  OTEL_EXPORTER_OTLP_ENDPOINT: optionalUrl,
  /** The same for traces alone; taken as it stands. */
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: optionalUrl,
  /** JSON is sent in either case: a collector's HTTP port takes both. */
  OTEL_EXPORTER_OTLP_PROTOCOL: z
    .enum(['http/json', 'http/protobuf'], 'must be http/json or http/protobuf: gRPC is not spoken here')
    .optional(),
  /** Secret: usually a token. */
  OTEL_EXPORTER_OTLP_HEADERS: pairs('headers'),
  OTEL_EXPORTER_OTLP_TRACES_HEADERS: pairs('headers'),
  OTEL_EXPORTER_OTLP_TIMEOUT: milliseconds,
  OTEL_BSP_SCHEDULE_DELAY: milliseconds,
  OTEL_SERVICE_NAME: z.string().min(1).optional(),
  OTEL_RESOURCE_ATTRIBUTES: pairs('attributes'),
  OTEL_TRACES_SAMPLER: z
    .enum(SAMPLERS, `must be one of ${SAMPLERS.join(', ')}`)
    .default('parentbased_always_on'),
  OTEL_TRACES_SAMPLER_ARG: z
    .string()
    .regex(/^(0(\.\d+)?|1(\.0+)?|\.\d+)$/, 'must be a ratio from 0 to 1')
    .transform(Number)
    .default(1),
};

export type TraceConfig = z.infer<z.ZodObject<typeof traceSettings>>;

/** Where spans go; undefined if nowhere. */
export function tracesEndpoint(config: TraceConfig): string | undefined {
  if (config.OTEL_SDK_DISABLED || config.OTEL_TRACES_EXPORTER === 'none') return undefined;
  const { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: own, OTEL_EXPORTER_OTLP_ENDPOINT: base } = config;
  return own ?? (base && `${base.replace(/\/$/, '')}/v1/traces`);
}

function parsePairs(text: string): Record<string, string> | undefined {
  const parsed: Record<string, string> = {};
  for (const pair of text.split(',')) {
    if (pair.trim() === '') continue;
    const [key = '', value, ...rest] = pair.split('=');
    if (key.trim() === '' || value === undefined || rest.length > 0) return undefined;
    try {
      parsed[decodeURIComponent(key.trim())] = decodeURIComponent(value.trim());
    } catch {
      return undefined;
    }
  }
  return parsed;
}

// The health check of an image without curl: exit code 0 if the address answers 2xx within 9 s, else 1.
// Without an argument the address is that of the service's own metrics.
const url = process.argv[2] ?? `http://127.0.0.1:${process.env.AGENT_METRICS_PORT ?? 9100}/metrics`;
const response = await fetch(url, { signal: AbortSignal.timeout(9_000) }).catch(() => undefined);
process.exit(response?.ok === true ? 0 : 1);

// How much the process's consumers have before them, asked of the server when somebody scrapes: the sum over processes would count
// a shared consumer twice, so whoever scales by it takes the maximum.
import type { NatsConnection } from 'nats';
import { Gauge } from 'prom-client';
import { z } from 'zod';
import { parseJson } from '../parse-json.ts';
import type { Metrics } from './metrics.ts';

/** A scrape waits no longer for a server that does not answer; the consumer's lines are then absent, which is the truth. */
const ASK_MS = 1_000;
/** Several scrapers ask the server once. */
const FRESH_MS = 2_000;

const Info = z.object({ num_pending: z.number(), num_ack_pending: z.number() });
type Lag = { readonly stream: string; readonly consumer: string } & z.infer<typeof Info>;

/** Adds `agents_consumer_pending` and `agents_consumer_ack_pending` to what is scraped. */
export function reportConsumerLag(connection: NatsConnection, metrics: Metrics): void {
  let asked: { readonly at: number; readonly lags: Promise<Lag[]> } | undefined;

  async function lagOf(stream: string, consumer: string): Promise<Lag[]> {
    const reply = await connection.request(`$JS.API.CONSUMER.INFO.${stream}.${consumer}`, '', {
      timeout: ASK_MS,
    });
    const info = Info.safeParse(parseJson(reply.data));
    return info.success ? [{ stream, consumer, ...info.data }] : [];
  }

  function lags(): Promise<Lag[]> {
    const now = performance.now();
    if (asked === undefined || now - asked.at > FRESH_MS) {
      const asking = [...metrics.consumers].map(({ stream, consumer }) =>
        lagOf(stream, consumer).catch(() => []),
      );
      asked = { at: now, lags: Promise.all(asking).then((found) => found.flat()) };
    }
    return asked.lags;
  }

  const gauge = (name: string, help: string, field: keyof z.infer<typeof Info>): void => {
    new Gauge({
      name,
      help,
      labelNames: ['stream', 'consumer'],
      registers: [metrics.registry],
      async collect() {
        const found = await lags();
        this.reset();
        for (const lag of found) this.set({ stream: lag.stream, consumer: lag.consumer }, lag[field]);
      },
    });
  };
  gauge(
    'agents_consumer_pending',
    'Messages not yet delivered to a consumer of this process.',
    'num_pending',
  );
  gauge('agents_consumer_ack_pending', 'Messages delivered and not yet settled.', 'num_ack_pending');
}

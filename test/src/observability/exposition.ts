// Prometheus' text format, read as a scraper reads it: which series there are, with which labels and values.
import assert from 'node:assert/strict';

export interface Series {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const LINE = /^(?<name>[a-zA-Z_:][\w:]*)(?:\{(?<labels>.*)\})? (?<value>\S+)$/;

export async function scrape(url: string): Promise<Series[]> {
  const response = await fetch(url);
  assert.equal(response.status, 200);
  assert.match(response.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
  const lines = (await response.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return lines.map((line) => {
    const { name, labels = '', value } = LINE.exec(line)?.groups ?? {};
    assert.ok(name !== undefined, line);
    const pairs = [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, text]) => [key, text] as const);
    return { name, labels: Object.fromEntries(pairs) as Record<string, string>, value: Number(value) };
  });
}

/** `name{label,label}` of every family whose name begins with `prefix`, sorted; of a histogram without `le` and its parts. */
export const families = (series: readonly Series[], prefix: string): string[] =>
  [
    ...new Set(
      series
        .filter(({ name }) => name.startsWith(prefix))
        .map(({ name, labels }) => {
          const keys = Object.keys(labels).filter((key) => key !== 'le');
          return `${name.replace(/_(bucket|sum|count)$/, '')}{${keys.join(',')}}`;
        }),
    ),
  ].sort();

/** The sum of all series of this name that have these labels. */
export const total = (
  series: readonly Series[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number =>
  series
    .filter(
      (one) => one.name === name && Object.entries(labels).every(([key, text]) => one.labels[key] === text),
    )
    .reduce((sum, { value }) => sum + value, 0);

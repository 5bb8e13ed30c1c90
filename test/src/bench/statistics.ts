// The few numbers that a bench reports.

/** The value below which the fraction `p` of the sorted, non-empty `values` lies (nearest rank). */
export function percentile(values: readonly number[], p: number): number {
  const value = values[Math.max(0, Math.ceil(values.length * p) - 1)];
  if (value === undefined) throw new RangeError('no values');
  return value;
}

/** Of a non-empty list; the mean of the two in the middle where their number is even. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[sorted.length >> 1];
  const lower = sorted[(sorted.length - 1) >> 1];
  if (upper === undefined || lower === undefined) throw new RangeError('no values');
  return (lower + upper) / 2;
}

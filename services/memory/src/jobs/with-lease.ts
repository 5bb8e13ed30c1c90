// Work that one process at a time should do, held by a lease that is renewed while it lasts. Who loses it is told to stop; that two work
// for a moment must do no harm (see leases.ts).
import type { Leases } from '@troupe/shared';

/** A quarter of a lease's life: three renewals may be lost. */
const RENEW_EVERY_MS = 1_000;

export interface Held {
  readonly name: string;
  readonly holder: string;
  readonly signal: AbortSignal;
}

/** Does `work` if nobody else holds the lease, and gives it back. Resolves with whether it was held. Throws what `work` throws. */
export async function withLease(
  leases: Pick<Leases, 'read' | 'claim' | 'release'>,
  { name, holder, signal }: Held,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<boolean> {
  const lost = new AbortController();
  const claim = async (): Promise<boolean> => {
    const lease = (await leases.read(name)).get(name);
    if (lease?.holder !== undefined && lease.holder !== holder) {
      lost.abort(new Error(`the lease ${name} is another process's`));
      return false;
    }
    return leases.claim(name, holder, lease?.revision ?? 0);
  };
  if (!(await claim())) return false;
  // One that fails is made up for by the next: while the server is away nobody else gets it either.
  let renewal: Promise<unknown> | undefined;
  const renewals = setInterval(() => {
    renewal ??= claim()
      .catch(() => false)
      .finally(() => {
        renewal = undefined;
      });
  }, RENEW_EVERY_MS);
  try {
    await work(AbortSignal.any([signal, lost.signal]));
    return true;
  } finally {
    clearInterval(renewals);
    // One that came behind the release would take the lease again.
    await renewal;
    // What cannot be given back expires.
    await leases.release(name, holder).catch(() => undefined);
  }
}

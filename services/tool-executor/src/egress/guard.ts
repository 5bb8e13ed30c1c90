// Decides where a connection may go. A name is resolved once, every answer is checked, and only the checked addresses are
// handed out: whoever connects uses those and never the name again, so that a second answer of the DNS changes nothing.
import type { LookupAddress } from 'node:dns';
import { isIP } from 'node:net';
import type { Allowed } from '../policy/egress.ts';
import { destination } from '../policy/egress.ts';
import { ToolError } from '../tool.ts';
import { rangeOf, whatIsForbidden } from './addresses.ts';

export type Resolve = (host: string) => Promise<readonly LookupAddress[]>;

export interface EgressGuard {
  /**
   * The addresses to connect to for a URL's hostname, never empty. Throws ToolError `egress_refused` if one answer is not
   * allowed, `host_unreachable` if there is none.
   */
  addressesOf(host: string, port: number): Promise<readonly LookupAddress[]>;
}

export function createEgressGuard(options: { allowed: Allowed; resolve: Resolve }): EgressGuard {
  const { allowed, resolve } = options;
  const ranges = allowed.cidrs.map(rangeOf);
  return {
    async addressesOf(host, port) {
      const name = host.replace(/^\[(.*)\]$/, '$1');
      const addresses = await resolved(name, resolve);
      if (allowed.hosts.has(destination(host, port))) return addresses;
      for (const { address } of addresses) {
        const what = whatIsForbidden(address);
        if (what === undefined || ranges.some((range) => range.has(address))) continue;
        throw refused(destination(host, port), address === name ? `is ${what}` : `is ${address}, ${what}`);
      }
      return addresses;
    },
  };
}

async function resolved(name: string, resolve: Resolve): Promise<readonly LookupAddress[]> {
  const family = isIP(name);
  if (family !== 0) return [{ address: name, family }];
  const addresses = await resolve(name).catch(() => []);
  if (addresses.length > 0) return addresses;
  throw unreachable(`The name ${name} could not be resolved.`);
}

const refused = (target: string, why: string): ToolError =>
  new ToolError({
    code: 'egress_refused',
    message: `${target} may not be visited: it ${why}.`,
    hint: `Use a public address; the operator may allow this one with AGENT_EGRESS_ALLOW=${target}.`,
  });

export const unreachable = (message: string): ToolError =>
  new ToolError(
    { code: 'host_unreachable', message, hint: 'Check the address, or try again later.' },
    { retryable: true },
  );

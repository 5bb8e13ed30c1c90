// What an address is, by the ranges of the policy. No name is resolved here.
import { BlockList, isIP } from 'node:net';
import type { Range } from '../policy/egress.ts';
import { EMBEDS_V4, FORBIDDEN_V4, FORBIDDEN_V6, GLOBAL_V6 } from '../policy/egress.ts';

/** A set of the CIDR's addresses. Throws TypeError if it is none. */
export function rangeOf(cidr: string): { has(address: string): boolean } {
  const [network = '', bits] = cidr.split('/');
  const version = isIP(network);
  const prefix = Number(bits);
  if (version === 0 || !(prefix <= (version === 4 ? 32 : 128)))
    throw new TypeError(`"${cidr}" is not a range`);
  const list = new BlockList();
  list.addSubnet(network, prefix, version === 4 ? 'ipv4' : 'ipv6');
  // A list would take an IPv6 address that embeds one of its IPv4 addresses, too: that is decided in one place, below.
  return {
    has: (address) => isIP(address) === version && list.check(address, version === 4 ? 'ipv4' : 'ipv6'),
  };
}

const named = (ranges: readonly Range[]) =>
  ranges.map(([cidr, what]) => ({ range: rangeOf(cidr), what }) as const);
const forbidden = named([...FORBIDDEN_V4, ...FORBIDDEN_V6]);
const globalV6 = rangeOf(GLOBAL_V6);
const embedding = EMBEDS_V4.map(rangeOf);

/** Undefined for an address of the public internet, else what it is instead. Given any other text, it is "no address". */
export function whatIsForbidden(address: string): string | undefined {
  const version = isIP(address);
  if (version === 0) return 'no address';
  if (embedding.some((range) => range.has(address))) return whatIsForbidden(embeddedV4(address));
  const found = forbidden.find(({ range }) => range.has(address));
  if (found !== undefined) return found.what;
  return version === 6 && !globalV6.has(address) ? 'no public address' : undefined;
}

/** The last 32 bits, as a dotted quad. */
function embeddedV4(address: string): string {
  const [high = '', low = ''] = new URL(`http://[${address}]`).hostname.slice(1, -1).split(':').slice(-2);
  const groups = [high, low].map((group) => Number.parseInt(group || '0', 16));
  return groups.flatMap((group) => [group >> 8, group & 255]).join('.');
}

// Where the executor's browser may go, as data and pure rules: which addresses are not the public internet, which URLs are
// not even asked for, and what the operator allows beside that. Resolving and connecting are the egress guard's.

/** A range of addresses and what it is. */
export type Range = readonly [cidr: string, what: string];

/** Everything in IPv4 that is not the public internet, and one public address that clouds answer their own machines at. */
export const FORBIDDEN_V4: readonly Range[] = [
  ['0.0.0.0/8', 'an address of this machine'],
  ['10.0.0.0/8', 'a private address'],
  ['100.64.0.0/10', 'a carrier-grade NAT address'],
  ['127.0.0.0/8', 'a loopback address'],
  ['168.63.129.16/32', 'a cloud platform address'],
  ['169.254.0.0/16', 'a link-local address, where clouds keep their metadata'],
  ['172.16.0.0/12', 'a private address'],
  ['192.0.0.0/24', 'a protocol address'],
  ['192.0.2.0/24', 'a documentation address'],
  ['192.88.99.0/24', 'a relay address'],
  ['192.168.0.0/16', 'a private address'],
  ['198.18.0.0/15', 'a benchmarking address'],
  ['198.51.100.0/24', 'a documentation address'],
  ['203.0.113.0/24', 'a documentation address'],
  ['224.0.0.0/4', 'a multicast address'],
  ['240.0.0.0/4', 'a reserved address'],
];

/** IPv6 is refused but for its global unicast range, without these parts of it. */
export const GLOBAL_V6 = '2000::/3';
export const FORBIDDEN_V6: readonly Range[] = [
  ['2001::/23', 'a protocol or tunnel address'],
  ['2001:db8::/32', 'a documentation address'],
  ['2002::/16', 'a tunnel address'],
  ['3fff::/20', 'a documentation address'],
];

/** IPv6 ranges whose last 32 bits are an IPv4 address: the rules of IPv4 apply to that. */
export const EMBEDS_V4 = ['::ffff:0:0/96', '64:ff9b::/96'] as const;

/** Why nothing is asked of this URL at all, or undefined. */
export function unusableUrl(text: string): string | undefined {
  if (!URL.canParse(text)) return 'is not an absolute URL';
  const { protocol, username, password } = new URL(text);
  if (protocol !== 'http:' && protocol !== 'https:') return 'must begin with http:// or https://';
  if (username !== '' || password !== '') return 'must not hold a user name or password';
  return undefined;
}

/** What the operator allows beside the public internet. */
export interface Allowed {
  /** `host:port` as URLs name them. */
  readonly hosts: ReadonlySet<string>;
  readonly cidrs: readonly string[];
}

/** Reads a comma list of `host:port` and CIDR. Throws TypeError naming the entry that is neither. */
export function parseAllowed(list: string): Allowed {
  const hosts = new Set<string>();
  const cidrs: string[] = [];
  for (const entry of list.split(',').map((text) => text.trim())) {
    if (entry === '') continue;
    const [address, bits, ...rest] = entry.split('/');
    if (address !== undefined && bits !== undefined && /^\d{1,3}$/.test(bits) && rest.length === 0)
      cidrs.push(entry);
    else hosts.add(hostEntry(entry));
  }
  return { hosts, cidrs };
}

function hostEntry(entry: string): string {
  const port = /:(\d{1,5})$/.exec(entry)?.[1];
  const url = `http://${entry}/`;
  if (port === undefined || !URL.canParse(url) || new URL(url).pathname !== '/')
    throw new TypeError(`"${entry}" is neither host:port nor a range like 10.1.0.0/16`);
  return destination(new URL(url).hostname, Number(port));
}

/** A destination's one spelling; `host` is a URL's hostname, so that numbers in any notation are an address by now. */
export const destination = (host: string, port: number): string =>
  `${host.toLowerCase().replace(/\.$/, '')}:${port}`;

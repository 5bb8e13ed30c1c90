// Whose call is next: the user who has the fewest tokens, used and in use together, and of that user's calls the one that has to begin
// first. What is in use is an estimate, most often far too high, so it only counts while a call runs; what was used stays. Whoever comes
// back from idleness is lifted to where the others are, so that nobody saves up a right to flood them. Pure: no clock, no I/O.

/** A call that waits. */
export interface Waiting<Call> {
  readonly user: string;
  /** What it is expected to use. */
  readonly tokens: number;
  /** When it has to begin at the latest, on whatever clock: only the order counts. */
  readonly startBy: number;
  readonly call: Call;
}

interface Account<Call> {
  /** Tokens of calls that are over. */
  used: number;
  /** What the calls that are given out are expected to use. */
  inUse: number;
  running: number;
  /** By `startBy`, those of the same moment as they came. */
  readonly waiting: Waiting<Call>[];
  waitingTokens: number;
}

export class FairQueue<Call> {
  readonly #accounts = new Map<string, Account<Call>>();
  /** The users with calls that wait. */
  readonly #active = new Set<Account<Call>>();
  /** What everybody is taken to have used who comes back. */
  #level = 0;
  #size = 0;
  #sweepAt = 64;

  get size(): number {
    return this.#size;
  }

  /** Users that are remembered. */
  get accounts(): number {
    return this.#accounts.size;
  }

  add(entry: Waiting<Call>): void {
    const account = this.#accountOf(entry.user);
    account.used = this.#usedBy(account);
    account.waiting.splice(placeOf(entry.startBy, account.waiting), 0, entry);
    account.waitingTokens += entry.tokens;
    this.#active.add(account);
    this.#size += 1;
  }

  /** Takes a call out that will not be given out. */
  remove(entry: Waiting<Call>): void {
    const account = this.#accounts.get(entry.user);
    const at = account?.waiting.indexOf(entry) ?? -1;
    if (account !== undefined && at >= 0) this.#take(account, at);
  }

  /** The next call, which is now its user's to use. */
  next(): Waiting<Call> | undefined {
    const account = this.#least();
    const entry = account?.waiting[0];
    if (account === undefined || entry === undefined) return undefined;
    this.#level = Math.max(this.#level, account.used);
    this.#take(account, 0);
    account.running += 1;
    account.inUse += entry.tokens;
    return entry;
  }

  /** A call that was given out is over. Where it is not known what it used, it is taken to be what was expected. */
  over({ user, tokens }: Waiting<Call>, used: number = tokens): void {
    const account = this.#accounts.get(user);
    if (account === undefined) return;
    account.running -= 1;
    account.inUse -= tokens;
    account.used += used;
    // Nobody waits, so nobody is owed anything.
    if (this.#size === 0) this.#level = Math.max(this.#level, account.used);
  }

  /** About how many calls would be given out before one that `user` added now; of other users' only those whose turn is earlier. */
  ahead(user: string, startBy: number): number {
    const account = this.#accounts.get(user);
    const own = account?.waiting.slice(0, placeOf(startBy, account.waiting)) ?? [];
    const before = own.reduce((sum, { tokens }) => sum + tokens, account?.inUse ?? 0);
    const turn = this.#usedBy(account) + before;
    let calls = own.length;
    for (const other of this.#active)
      if (other !== account) calls += other.waiting.length * shareBefore(turn, other);
    return calls;
  }

  #usedBy(account: Account<Call> | undefined): number {
    if (account !== undefined && account.waiting.length > 0) return account.used;
    return Math.max(account?.used ?? 0, this.#level);
  }

  #least(): Account<Call> | undefined {
    let least: Account<Call> | undefined;
    for (const account of this.#active)
      if (least === undefined || tokensOf(account) < tokensOf(least)) least = account;
    return least;
  }

  #take(account: Account<Call>, at: number): void {
    const [entry] = account.waiting.splice(at, 1);
    account.waitingTokens -= entry?.tokens ?? 0;
    this.#size -= 1;
    if (account.waiting.length === 0) this.#active.delete(account);
  }

  #accountOf(user: string): Account<Call> {
    const known = this.#accounts.get(user);
    if (known !== undefined) return known;
    if (this.#accounts.size >= this.#sweepAt) this.#sweep();
    const account = { used: 0, inUse: 0, running: 0, waiting: [], waitingTokens: 0 };
    this.#accounts.set(user, account);
    return account;
  }

  /** Forgets idle users who used less than those who come back are taken to have used anyway. */
  #sweep(): void {
    for (const [user, { used, running, waiting }] of this.#accounts)
      if (running === 0 && waiting.length === 0 && used <= this.#level) this.#accounts.delete(user);
    this.#sweepAt = Math.max(64, 2 * this.#accounts.size);
  }
}

/** Behind all that have to begin as early or earlier. */
function placeOf(startBy: number, waiting: readonly { readonly startBy: number }[]): number {
  let [from, to] = [0, waiting.length];
  while (from < to) {
    const middle = (from + to) >>> 1;
    if ((waiting[middle]?.startBy ?? Infinity) <= startBy) from = middle + 1;
    else to = middle;
  }
  return from;
}

const tokensOf = ({ used, inUse }: Account<unknown>): number => used + inUse;

/** Which part of what `other` waits for is given out before it has as many tokens as `turn`. */
const shareBefore = (turn: number, other: Account<unknown>): number =>
  other.waitingTokens === 0 ? 1 : Math.min(1, Math.max(0, turn - tokensOf(other)) / other.waitingTokens);

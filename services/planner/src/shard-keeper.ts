// Keeps this planner's share of the shards: looks at the leases now and then and whenever one changes hands, renews its own, takes and
// gives back what shards.ts decides, and runs an actor for each shard that it holds.
//  S1  A shard is given back after its actor has finished what was in hand, so that one planner at a time follows it.
//  S2  Who cannot renew goes on until the leases name another: while the server is away nobody can take over, and two planners on one
//      shard for a moment are safe, only slow. A shard that nobody follows would stop its runs.
//  S3  Who was away lets one renewal pass before it takes anything, so that after an outage each gets back what it had.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Actor, Lease, Leases, Logger } from '@troupe/shared';
import { decide } from './shards.ts';

export interface ShardKeeperOptions {
  readonly leases: Leases;
  /** Names this process among the planners; never used before. */
  readonly instance: string;
  readonly shards: number;
  /** Follows a shard until drained. */
  readonly start: (shard: number) => Actor;
  readonly logger: Logger;
}

/** A quarter of the leases' life: three renewals may be lost. */
const RENEW_EVERY_MS = 1_000;
/** News of a lease comes with its message, which is stored a moment later. */
const NEWS_SETTLE_MS = 20;
/** How long a shard that goes to another planner may finish what is in hand. */
const HAND_OVER_MS = 5_000;

interface Following {
  readonly actor: Actor;
  /** Set once the shard is on its way to another planner. */
  handOver: Promise<void> | undefined;
}

const PART = 'shard.';
const MEMBER = 'member.';

export class ShardKeeper implements Actor {
  readonly #options: ShardKeeperOptions;
  readonly #following = new Map<number, Following>();
  readonly #news: Disposable;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #joined = false;
  #wasAway = false;
  #leaving = false;

  constructor(options: ShardKeeperOptions) {
    this.#options = options;
    this.#news = options.leases.onNews(() => this.#lookIn(NEWS_SETTLE_MS));
    this.#lookIn(0);
  }

  /** Finishes what is in hand and gives every shard back, each as soon as it is done. */
  async drain(graceMs: number): Promise<void> {
    const { leases, instance } = this.#options;
    this.#leaving = true;
    this.#news[Symbol.dispose]();
    // Without a share of its own, so that the others take each shard as soon as it is free.
    const left = leases.release(`${MEMBER}${instance}`, instance).catch(() => undefined);
    await Promise.race([this.#looking, sleep(graceMs, undefined, { ref: false })]);
    await Promise.all([left, ...[...this.#following.keys()].map((shard) => this.#handOver(shard, graceMs))]);
    clearTimeout(this.#timer);
  }

  #lookIn(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#looking ??= this.#look()
        .catch((error: unknown) => {
          this.#options.logger.debug({ err: error }, 'the leases could not be looked at');
        })
        .finally(() => {
          this.#looking = undefined;
          if (!this.#leaving || this.#following.size > 0) this.#lookIn(RENEW_EVERY_MS);
        });
    }, ms);
  }

  async #look(): Promise<void> {
    const { leases, instance, shards } = this.#options;
    const held = await leases.read();
    const claim = (name: string): Promise<boolean> =>
      leases.claim(name, instance, held.get(name)?.revision ?? 0);
    const holders = Array.from({ length: shards }, (_, shard) => this.#holderOf(shard, held));
    const wasMember = held.get(`${MEMBER}${instance}`)?.holder === instance;
    // Once: looks that are always late must not keep a planner from taking anything.
    const away = this.#joined && !wasMember && !this.#wasAway;
    this.#wasAway = away;
    const { take, release } = decide({ members: membersIn(held), holders, me: instance });

    const claims = holders.map(async (holder, shard) => {
      if (holder !== instance && (away || this.#leaving || !take.includes(shard))) return;
      if (await claim(`${PART}${shard}`)) this.#follow(shard);
    });
    if (!this.#leaving) this.#joined = (await claim(`${MEMBER}${instance}`)) || this.#joined;
    await Promise.all(claims);
    for (const shard of this.#following.keys()) {
      const lost = holders[shard] !== undefined && holders[shard] !== instance;
      if (lost || release.includes(shard)) void this.#handOver(shard, HAND_OVER_MS);
    }
  }

  /** A lease that ended while its shard is followed here is still this planner's, until another has it. */
  #holderOf(shard: number, held: ReadonlyMap<string, Lease>): string | undefined {
    const holder = held.get(`${PART}${shard}`)?.holder;
    const here = this.#following.get(shard);
    return holder ?? (here !== undefined && here.handOver === undefined ? this.#options.instance : undefined);
  }

  #follow(shard: number): void {
    if (this.#leaving || this.#following.has(shard)) return;
    this.#following.set(shard, { actor: this.#options.start(shard), handOver: undefined });
    this.#options.logger.info({ shard, of: this.#following.size }, 'shard taken');
  }

  #handOver(shard: number, graceMs: number): Promise<void> {
    const { leases, instance, logger } = this.#options;
    const here = this.#following.get(shard);
    if (here === undefined) return Promise.resolve();
    here.handOver ??= here.actor
      .drain(graceMs)
      .then(() => leases.release(`${PART}${shard}`, instance))
      .catch((error: unknown) => {
        logger.debug({ err: error, shard }, 'the lease of a shard is left to expire');
      })
      .finally(() => {
        this.#following.delete(shard);
        logger.info({ shard, of: this.#following.size }, 'shard given back');
      });
    return here.handOver;
  }
}

const membersIn = (held: ReadonlyMap<string, Lease>): string[] =>
  [...held].flatMap(([name, { holder }]) =>
    name.startsWith(MEMBER) && holder !== undefined ? [holder] : [],
  );

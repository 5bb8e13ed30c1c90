// A key in the hands of one call. The secret stays with the key, in no field that anything could print.
import type { KeyInUse } from './keys.ts';
import type { ProviderKey } from './provider-key.ts';

export type KeyOutcome = Parameters<KeyInUse['report']>[0];

export interface UseEnd {
  readonly report: (outcome: KeyOutcome) => void;
  /** Called once. */
  readonly over: () => void;
}

export class Use implements KeyInUse {
  readonly #key: ProviderKey;
  #end: UseEnd | undefined;

  constructor(key: ProviderKey, end: UseEnd) {
    this.#key = key;
    this.#end = end;
  }

  get id(): string {
    return this.#key.id;
  }

  get group(): string {
    return this.#key.group;
  }

  get secret(): string {
    return this.#key.secret;
  }

  report(outcome: KeyOutcome): void {
    this.#end?.report(outcome);
  }

  [Symbol.dispose](): void {
    const end = this.#end;
    this.#end = undefined;
    end?.over();
  }
}

// What can go wrong with a provider call, as it was observed; classify.ts says what it means. Pure types.

export type ProviderFault =
  /** The provider refused, by an HTTP status or (without one) by an error event in a stream that had begun. */
  | {
      readonly kind: 'refused';
      readonly status: number | undefined;
      /** The stable words in the error: its code and its type. */
      readonly codes: readonly string[];
      /** Only for rules that have nothing better to go by; it may quote the request or the key, so it is never shown. */
      readonly message: string;
      readonly retryAfterMs: number | undefined;
    }
  /** No connection: refused, DNS, TLS, too slow. Nothing was sent. */
  | { readonly kind: 'unreachable' }
  /** The connection broke before the headers: the request may have arrived, and be paid for. */
  | { readonly kind: 'reset' }
  | {
      readonly kind: 'timeout';
      readonly waitingFor: 'first_byte' | 'first_content' | 'more_content' | 'whole_answer';
    }
  /** The connection ended, by a fault or silently, before the provider had said that the answer is whole. */
  | { readonly kind: 'cut' }
  /** Not what the protocol promises: no JSON, a missing field, an unknown end. */
  | { readonly kind: 'malformed' };

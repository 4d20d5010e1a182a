// A limit on requests per address, in bounded memory: a bucket of tokens each, the longest unused forgotten first. Whoever
// has more than that many addresses gets around it; nothing but this limit depends on it.

import { isIPv6 } from "node:net";
import type { Clock } from "../../words/clock.ts";

const mostAddresses = 10_000;
const minuteMs = 60_000;

interface Bucket {
  tokens: number;
  filledMs: number;
  /** Said once until it is full again. */
  told: boolean;
}

export class RequestLimit {
  readonly #clock: Clock;
  readonly #perMinute: number;
  readonly #buckets = new Map<string, Bucket>();

  /** A minute's worth may come at once; 0 = no limit. */
  constructor(clock: Clock, perMinute: number) {
    this.#clock = clock;
    this.#perMinute = perMinute;
  }

  /** `refused-first`: the first refusal of this address for a while, worth a line in the log. */
  admit(address: string): "admitted" | "refused" | "refused-first" {
    if (this.#perMinute === 0) return "admitted";
    const key = prefixOf(address);
    const bucket = this.#filled(key);
    // Moved to the end: the map's order is that of the last use.
    this.#buckets.delete(key);
    if (this.#buckets.size >= mostAddresses) this.#forgetOldest();
    this.#buckets.set(key, bucket);
    if (bucket.tokens >= 1) {
      bucket.tokens -= 1;
      return "admitted";
    }
    const first = !bucket.told;
    bucket.told = true;
    return first ? "refused-first" : "refused";
  }

  get size(): number {
    return this.#buckets.size;
  }

  #filled(key: string): Bucket {
    const nowMs = this.#clock.monotonicMs();
    const bucket = this.#buckets.get(key);
    if (bucket === undefined) return { tokens: this.#perMinute, filledMs: nowMs, told: false };
    const gained = ((nowMs - bucket.filledMs) * this.#perMinute) / minuteMs;
    bucket.tokens = Math.min(this.#perMinute, bucket.tokens + gained);
    bucket.filledMs = nowMs;
    if (bucket.tokens === this.#perMinute) bucket.told = false;
    return bucket;
  }

  #forgetOldest(): void {
    const oldest = this.#buckets.keys().next();
    if (!oldest.done) this.#buckets.delete(oldest.value);
  }
}

/** Of IPv6 the first 64 bits: the rest is the asker's own choice. */
export function prefixOf(address: string): string {
  if (!isIPv6(address)) return address;
  const [head = "", tail] = address.toLowerCase().split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = Array<string>(Math.max(0, 8 - left.length - right.length)).fill("0");
  const groups = tail === undefined ? left : [...left, ...zeros, ...right];
  return `${groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ""))
    .join(":")}::/64`;
}

// Which rows there are and at which generation, and one keyed digest over them all, so that an old row put back among new
// ones is seen. Kept in buckets: a commit hashes the few rows beside those it changes, however many users there are.

import { theSodium } from "../../protocol/crypto/sodium.ts";
import type { MachineKeys } from "./keys.ts";
import type { Row } from "./rows.ts";

export type RowName = Omit<Row, "sealed">;

export class RowNames {
  readonly #key: Uint8Array;
  readonly #buckets = new Map<string, ReadonlyMap<string, RowName>>();
  readonly #digests = new Map<string, Uint8Array>();

  constructor(key: Uint8Array, names: Iterable<RowName>) {
    this.#key = key;
    const buckets = new Map<string, Map<string, RowName>>();
    for (const name of names) {
      const bucket = buckets.get(bucketOf(name)) ?? new Map<string, RowName>();
      buckets.set(bucketOf(name), bucket.set(keyOf(name), name));
    }
    this.#replace(buckets);
  }

  get(table: string, id: string): RowName | undefined {
    return this.#buckets.get(bucketOf({ id }))?.get(keyOf({ table, id }));
  }

  of(table: string): RowName[] {
    return [...this.#buckets.values()].flatMap((bucket) =>
      [...bucket.values()].filter((name) => name.table === table),
    );
  }

  ids(table: string): string[] {
    return this.of(table).map(({ id }) => id);
  }

  /** Keyed BLAKE2b, in hex. */
  digest(): string {
    return this.#digestOf(this.#digests);
  }

  /** The digest with these rows put and those gone; `apply` makes it so, once that is committed. */
  after(put: readonly RowName[], remove: readonly Pick<RowName, "table" | "id">[]) {
    const changed = new Map<string, Map<string, RowName>>();
    const bucketFor = (name: Pick<RowName, "id">) => {
      const at = bucketOf(name);
      const bucket = changed.get(at) ?? new Map(this.#buckets.get(at));
      changed.set(at, bucket);
      return bucket;
    };
    for (const name of remove) bucketFor(name).delete(keyOf(name));
    for (const name of put) bucketFor(name).set(keyOf(name), name);
    const digests = new Map(this.#digests);
    for (const [at, bucket] of changed) this.#note(digests, at, bucket);
    return { digest: this.#digestOf(digests), apply: () => this.#replace(changed) };
  }

  #replace(buckets: ReadonlyMap<string, ReadonlyMap<string, RowName>>): void {
    for (const [at, bucket] of buckets) {
      this.#buckets.set(at, bucket);
      this.#note(this.#digests, at, bucket);
    }
  }

  /** An empty bucket has no digest: what has been and is gone does not show. */
  #note(digests: Map<string, Uint8Array>, at: string, bucket: ReadonlyMap<string, RowName>): void {
    if (bucket.size === 0) digests.delete(at);
    else digests.set(at, this.#digestOfBucket(bucket));
  }

  #digestOfBucket(bucket: ReadonlyMap<string, RowName>): Uint8Array {
    const lines = [...bucket.values()].map(({ table, id, generation }) => `${table}\0${id}\0${generation}\n`);
    return theSodium().crypto_generichash(32, Buffer.from(lines.sort().join(""), "utf8"), this.#key);
  }

  #digestOf(digests: ReadonlyMap<string, Uint8Array>): string {
    const parts = [...digests]
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .flatMap(([at, digest]) => [Buffer.from(`${at}\0`, "utf8"), digest]);
    return theSodium().crypto_generichash(32, Buffer.concat(parts), this.#key).toHex();
  }
}

/** Ids are hexadecimal hashes, or a table's only name: two letters make some 256 buckets. */
function bucketOf(name: Pick<RowName, "id">): string {
  return name.id.slice(0, 2);
}

function keyOf(name: Pick<RowName, "table" | "id">): string {
  return `${name.table}\0${name.id}`;
}

/** Keyed, so that the table doesn't show whose row it is. */
export function userRowId(keys: Pick<MachineKeys, "index">, user: string): string {
  return theSodium().crypto_generichash(16, Buffer.from(user, "utf8"), keys.index).toHex();
}

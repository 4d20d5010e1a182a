// The policies of machines as they were last read, for as long as the database's mark says that they still are that. Every
// instance looks at the mark, in the transaction that goes by it: what another one has changed holds from its commit on.

import type { Vault } from "../identity/vault.ts";
import { statement } from "../store/statement.ts";
import type { Db } from "../store/store.ts";
import { onMachine } from "./matching.ts";
import { listPolicies, type NamedPolicy } from "./policies.ts";
import { type Says, withoutBundle } from "./without-bundle.ts";

export interface PoliciesHere {
  /** Those that can hold on the machine, in order; the last one is for everybody. */
  readonly policies: readonly NamedPolicy[];
  withoutBundle(): Promise<Said>;
}

export interface Said {
  readonly says: Says;
  /** Another one where something else is said. */
  readonly digest: string;
}

interface Kept {
  readonly mark: string;
  readonly all: readonly NamedPolicy[];
  /** By the names of the policies that can hold. */
  readonly said: Map<string, Said>;
}

/** As many different lists for machines with different tags; each may name 10,000 users. */
const mostSaid = 20;

const markAndTags = statement((db, machineId: string) =>
  db
    .selectFrom("policyMark")
    .leftJoin("machineTags", (join) => join.on("machineTags.machineId", "=", machineId))
    .select(["policyMark.mark", "machineTags.tag"])
    .orderBy("machineTags.tag"),
);

export class KnownPolicies {
  readonly #vault: Vault;
  #kept: Kept | undefined;

  constructor({ vault }: { readonly vault: Vault }) {
    this.#vault = vault;
  }

  /**
   * In a transaction, under the store's locks, what is decided by. Outside of one they may be older than the answer: good to
   * prepare by. The mark is read first, so that policies never stand under a newer mark than their own.
   */
  async on(tx: Db, machineId: string): Promise<PoliciesHere> {
    const rows = await markAndTags.rows(tx, machineId);
    const mark = rows[0]?.mark;
    if (mark === undefined) throw new Error("the database has lost its mark of the policies");
    const known = this.#kept;
    const kept =
      known?.mark === mark ? known : { mark, all: await listPolicies(tx), said: new Map<string, Said>() };
    this.#kept = kept;
    const tags = rows.flatMap(({ tag }) => (tag === null ? [] : [tag]));
    const policies = onMachine(kept.all, tags);
    return { policies, withoutBundle: () => this.#said(tx, kept, policies) };
  }

  /** All of them, of whatever moment: undefined before they were first read. Good to guess by what will be asked for. */
  lastKnown(): readonly NamedPolicy[] | undefined {
    return this.#kept?.all;
  }

  async #said(tx: Db, { said }: Kept, here: readonly NamedPolicy[]): Promise<Said> {
    const key = here.map(({ name }) => name).join("\n");
    const known = said.get(key);
    if (known !== undefined) return known;
    const says = await withoutBundle(tx, here);
    const found = { says, digest: this.#vault.digest(says) };
    if (said.size >= mostSaid) said.clear();
    said.set(key, found);
    return found;
  }
}

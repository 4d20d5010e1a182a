// The server's identities: one that signs, and those before it, by which machines that were away find their way to it.

import * as v from "valibot";
import {
  boxPair,
  type Identity,
  type IdentitySeeds,
  type KeyPair,
  signingPair,
} from "../../protocol/crypto/keys.ts";
import { openSealed } from "../../protocol/crypto/sealed-box.ts";
import { type SignedDocument, signDocument } from "../../protocol/crypto/signed-document.ts";
import type { ServerKey } from "../../protocol/sync/documents.ts";
import { base64Of } from "../../protocol/sync/encoding.ts";
import { mostServerKeys } from "../../protocol/sync/server-keys.ts";
import { record, serverEntry } from "../audit/audit.ts";
import { Failure } from "../failure.ts";
import type { Db, Tx } from "../store/store.ts";
import type { Vault } from "./vault.ts";

interface Entry {
  readonly number: number;
  readonly box: KeyPair;
  /** Undefined once another has taken its place. */
  readonly signing: KeyPair | undefined;
  /** By which the one before names it. */
  readonly document: SignedDocument | undefined;
}

export interface ListedServerKey {
  readonly number: number;
  readonly signingKey: string;
  readonly boxKey: string;
  readonly createdAtMs: number;
  readonly endsAtMs: number | null;
}

/** The newest identity, whichever that is at the moment of asking; with what the earlier ones are still good for. */
export class ServerIdentity implements Identity {
  #entries: readonly Entry[];

  private constructor(entries: readonly Entry[]) {
    this.#entries = entries;
  }

  /** @throws Error when the rows do not open. */
  static async load(db: Db, vault: Vault): Promise<ServerIdentity> {
    return new ServerIdentity(await readEntries(db, vault));
  }

  get number(): number {
    return this.#newest.number;
  }

  get signing(): KeyPair {
    const { signing } = this.#newest;
    if (signing === undefined) throw new Error("the newest key of the server can't sign");
    return signing;
  }

  get box(): KeyPair {
    return this.#newest.box;
  }

  /**
   * What is sealed to the server, by its newest box key or an earlier one; undefined when it opens by none. Box keys are kept
   * for ever: a machine that comes back after years seals its first answers to the key it knew.
   */
  open(sealed: Uint8Array): Uint8Array | undefined {
    for (const { box } of this.#entries.toReversed()) {
      const opened = openSealed(box, sealed);
      if (opened !== undefined) return opened;
    }
    return undefined;
  }

  /** What leads from that key to the newest; undefined when nothing does or has to. */
  after(number: number | undefined): SignedDocument[] | undefined {
    const later = this.#entries.filter((entry) => entry.number > (number ?? 0));
    const documents = later.flatMap(({ document }) => (document === undefined ? [] : [document]));
    return documents.length === 0 ? undefined : documents;
  }

  /**
   * Whether the vault's key is the one that this database is sealed under now: another process may have exchanged it, or
   * somebody the file. Looked at twice: a rotation may end between the reading and the opening.
   */
  async isOpenedBy(vault: Vault, db: Db): Promise<boolean> {
    return (await newestOpens(vault, db)) || (await newestOpens(vault, db));
  }

  /** Learns of a key that another process has put in place. */
  async refresh(db: Db, vault: Vault): Promise<boolean> {
    const { newest } = await db
      .selectFrom("serverKeys")
      .select(({ fn }) => fn.max("number").as("newest"))
      .executeTakeFirstOrThrow();
    if (Number(newest) === this.number) return false;
    this.#entries = await readEntries(db, vault);
    return true;
  }

  get #newest(): Entry {
    const newest = this.#entries.at(-1);
    if (newest === undefined) throw new Error("the server has no key");
    return newest;
  }
}

/** As answers carry them: left out where there is nothing to tell. */
export function serverKeysAfter(
  identity: ServerIdentity,
  known: number | undefined,
): { serverKeys?: SignedDocument[] } {
  const serverKeys = identity.after(known);
  return serverKeys === undefined ? {} : { serverKeys };
}

async function newestOpens(vault: Vault, db: Db): Promise<boolean> {
  const { number, sealed } = await db
    .selectFrom("serverKeys")
    .select(["number", "sealed"])
    .orderBy("number", "desc")
    .limit(1)
    .executeTakeFirstOrThrow();
  try {
    openSeeds(vault, number, sealed);
    return true;
  } catch {
    return false;
  }
}

async function readEntries(db: Db, vault: Vault): Promise<Entry[]> {
  const rows = await db.selectFrom("serverKeys").selectAll().orderBy("number").execute();
  return rows.map(({ number, sealed, payload, signature }): Entry => {
    const seeds = openSeeds(vault, number, sealed);
    return {
      number,
      box: boxPair(seeds.box),
      signing: seeds.signing === undefined ? undefined : signingPair(seeds.signing),
      document: payload === null || signature === null ? undefined : { payload, signature },
    };
  });
}

/** The first identity of a new server, or of one from before there were numbers. */
export async function keepFirstKey(tx: Tx, vault: Vault, seeds: IdentitySeeds, nowMs: number): Promise<void> {
  await tx
    .insertInto("serverKeys")
    .values({ number: 0, ...rowOf(vault, 0, seeds), createdAtMs: nowMs, endsAtMs: null })
    .onConflict((conflict) => conflict.column("number").doNothing())
    .execute();
}

/**
 * The next identity, signed by the present one, in one transaction: before it there is one key, after it there are two, and
 * the earlier one can sign nothing more. Machines take the new one at their next contact; those that know it accept what the
 * earlier one has signed until `overlapMs` is over: another process may have held it a moment longer.
 */
export async function rotateIdentity(
  tx: Tx,
  vault: Vault,
  seeds: IdentitySeeds,
  overlapMs: number,
  nowMs: number,
): Promise<ServerKey> {
  const present = await tx
    .selectFrom("serverKeys")
    .selectAll()
    .orderBy("number", "desc")
    .limit(1)
    .executeTakeFirstOrThrow();
  const before = openSeeds(vault, present.number, present.sealed);
  if (before.signing === undefined) throw new Error("the newest key of the server can't sign");
  if (present.number >= mostServerKeys)
    throw new Failure("conflict", `a server has at most ${mostServerKeys} keys after its first`);
  const number = present.number + 1;
  const row = rowOf(vault, number, seeds);
  const content: ServerKey = {
    number,
    issuedAtMs: nowMs,
    previousSigningKey: present.signingKey,
    previousBoxKey: present.boxKey,
    signingKey: row.signingKey,
    boxKey: row.boxKey,
    previousEndsAtMs: nowMs + overlapMs,
  };
  const document = signDocument("server-key", content, signingPair(before.signing).privateKey);
  await tx
    .updateTable("serverKeys")
    .set({
      endsAtMs: content.previousEndsAtMs,
      sealed: sealSeeds(vault, present.number, { box: before.box, signing: undefined }),
    })
    .where("number", "=", present.number)
    .execute();
  await tx
    .insertInto("serverKeys")
    .values({ number, ...row, createdAtMs: nowMs, endsAtMs: null, ...document })
    .execute();
  const detail = { number, signingKey: row.signingKey, before: present.signingKey };
  await record(tx, serverEntry(nowMs, "server-key-rotated", {}, detail));
  return content;
}

export async function listServerKeys(db: Db): Promise<ListedServerKey[]> {
  return db
    .selectFrom("serverKeys")
    .select(["number", "signingKey", "boxKey", "createdAtMs", "endsAtMs"])
    .orderBy("number")
    .execute();
}

interface KeptSeeds {
  readonly signing: Uint8Array | undefined;
  readonly box: Uint8Array;
}

const seedsSchema = v.strictObject({ signing: v.nullable(base64Of(32)), box: base64Of(32) });

function rowOf(vault: Vault, number: number, seeds: IdentitySeeds) {
  return {
    signingKey: signingPair(seeds.signing).publicKey.toBase64(),
    boxKey: boxPair(seeds.box).publicKey.toBase64(),
    sealed: sealSeeds(vault, number, seeds),
  };
}

function sealSeeds(vault: Vault, number: number, { signing, box }: KeptSeeds): string {
  const text = JSON.stringify({ signing: signing?.toBase64() ?? null, box: box.toBase64() });
  return vault.seal({ table: "server_keys", id: String(number) }, Buffer.from(text, "utf8"));
}

function openSeeds(vault: Vault, number: number, sealed: string): KeptSeeds {
  const opened = vault.open({ table: "server_keys", id: String(number) }, sealed);
  const { signing, box } = v.parse(seedsSchema, JSON.parse(Buffer.from(opened).toString("utf8")));
  return {
    signing: signing === null ? undefined : Buffer.from(signing, "base64"),
    box: Buffer.from(box, "base64"),
  };
}

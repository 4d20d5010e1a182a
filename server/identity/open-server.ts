// From a folder to a server's keys and database, for `serve` and for every other command alike.

import { existsSync } from "node:fs";
import { identitySeeds, signingPair } from "../../protocol/crypto/keys.ts";
import { loadSodium } from "../../protocol/crypto/sodium.ts";
import type { Clock } from "../../words/clock.ts";
import type { Random } from "../../words/random.ts";
import { Failure } from "../failure.ts";
import { type Database, type Db, openStore, type Store } from "../store/store.ts";
import { type DataFolder, makeDataFolder, openDataFolder } from "./data-folder.ts";
import { KeyFile, makeServerKey } from "./key-file.ts";
import { keepFirstKey, ServerIdentity } from "./server-keys.ts";
import { Vault } from "./vault.ts";

export interface OpenServer {
  readonly folder: DataFolder;
  readonly store: Store;
  readonly keyFile: KeyFile;
  readonly vault: Vault;
  readonly identity: ServerIdentity;
}

/**
 * The key is in the folder; so is the database, unless `postgresUrl` says where else it is.
 * @throws Failure when no server is there, or folder, key and database are not safe or don't belong together.
 */
export async function openServer(
  path: string,
  clock: Clock,
  random: Random,
  postgresUrl?: string,
): Promise<OpenServer> {
  const folder = openDataFolder(path);
  if (postgresUrl === undefined && !existsSync(folder.databaseFile))
    throw new Failure(
      "unsafe",
      `${folder.databaseFile} is missing next to ${folder.keyFile}; restore it from the backup`,
    );
  return open(folder, databaseOf(folder, postgresUrl), clock, random, absentFrom(folder, postgresUrl));
}

function absentFrom({ databaseFile }: DataFolder, postgresUrl: string | undefined): Failure {
  if (postgresUrl === undefined)
    return new Failure(
      "unsafe",
      `${databaseFile} holds no server; restore it from the backup, or if it never was finished run init again`,
    );
  const move = existsSync(databaseFile) ? `the one in ${databaseFile} is moved there by migrate-store, ` : "";
  return new Failure(
    "not-found",
    `there is no server in this PostgreSQL database. Check --database or NIGHTLATCH_DATABASE; ${move}a new one is made by init`,
  );
}

/** A new server in a folder that is empty or not there yet; the one that is there already, if there is. */
export async function initServer(
  path: string,
  clock: Clock,
  random: Random,
  postgresUrl?: string,
): Promise<OpenServer> {
  const folder = makeDataFolder(path);
  const database = databaseOf(folder, postgresUrl);
  if (database.kind === "postgres" && !existsSync(folder.keyFile)) await checkUnowned(database, folder);
  makeServerKey(folder, random);
  return open(folder, database, clock, random);
}

function databaseOf(folder: DataFolder, postgresUrl: string | undefined): Database {
  return postgresUrl === undefined
    ? { kind: "sqlite", path: folder.databaseFile }
    : { kind: "postgres", url: postgresUrl };
}

/** @throws Failure when the database belongs to a key already: a new one could open nothing in it. */
async function checkUnowned(database: Database, folder: DataFolder): Promise<void> {
  const store = await openStore(database);
  try {
    const owner = await store.db.selectFrom("server").select("id").executeTakeFirst();
    if (owner !== undefined)
      throw new Failure(
        "unsafe",
        `the database belongs to a server already; copy server.key of another instance, or of the backup, to ${folder.keyFile}`,
      );
  } finally {
    await store.close();
  }
}

async function open(
  folder: DataFolder,
  database: Database,
  clock: Clock,
  random: Random,
  ifNew?: Failure,
): Promise<OpenServer> {
  await loadSodium();
  const keyFile = new KeyFile(folder);
  const store = await openStore(database, ifNew);
  try {
    const { vault, identity } = await openKeys(store, keyFile, clock, random);
    return { folder, store, keyFile, vault, identity };
  } catch (error) {
    await store.close();
    throw error;
  }
}

const digestName = { table: "server_secrets", id: "digesting" } as const;

/**
 * The server's identity and the key of its digests lie sealed in the database, so that `server.key` can be replaced under
 * them. In a database that has neither yet, they are what that file alone has stood for until then.
 */
async function openKeys(store: Store, keyFile: KeyFile, clock: Clock, random: Random) {
  let digesting: Uint8Array | undefined;
  const vault = new Vault(
    {
      follow: () => keyFile.follow(),
      all: () => keyFile.keys.map((key) => KeyFile.derive(key, "sealing")),
    },
    () => digesting ?? fault("the digesting key is used before it is known"),
    random,
  );
  if ((await keptDigest(store.db)) === undefined) await keepFirst(store, keyFile, vault, clock);
  try {
    const kept = (await keptDigest(store.db)) ?? fault("the digesting key was not kept");
    digesting = vault.open(digestName, kept);
    return { vault, identity: await ServerIdentity.load(store.db, vault) };
  } catch {
    throw foreignKey();
  }
}

async function keptDigest(db: Db): Promise<string | undefined> {
  const row = await db
    .selectFrom("serverSecrets")
    .select("sealed")
    .where("name", "=", digestName.id)
    .executeTakeFirst();
  return row?.sealed;
}

async function keepFirst(store: Store, keyFile: KeyFile, vault: Vault, clock: Clock): Promise<void> {
  const [key] = keyFile.keys;
  if (key === undefined) throw foreignKey();
  const seeds = identitySeeds(KeyFile.derive(key, "identity"));
  const signingKey = signingPair(seeds.signing).publicKey.toBase64();
  const createdAtMs = clock.wallMs();
  await store.write(async (tx) => {
    await tx
      .insertInto("server")
      .values({ id: 1, signingKey, createdAtMs })
      .onConflict((conflict) => conflict.column("id").doNothing())
      .execute();
    const known = await tx.selectFrom("server").select("signingKey").executeTakeFirstOrThrow();
    if (known.signingKey !== signingKey) throw foreignKey();
    await keepFirstKey(tx, vault, seeds, createdAtMs);
    await tx
      .insertInto("serverSecrets")
      .values({
        name: digestName.id,
        sealed: vault.seal(digestName, KeyFile.derive(key, "digesting")),
      })
      .onConflict((conflict) => conflict.column("name").doNothing())
      .execute();
  });
}

function foreignKey(): Failure {
  return new Failure(
    "unsafe",
    "server.key does not belong to this database; restore the key that was backed up with it",
  );
}

function fault(what: string): never {
  throw new Error(what);
}

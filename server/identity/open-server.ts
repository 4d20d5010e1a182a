// From a folder to a server's keys and database, for `serve` and for every other command alike.

import { existsSync } from "node:fs";
import { loadSodium } from "../../protocol/crypto/sodium.ts";
import type { Clock } from "../../words/clock.ts";
import type { Random } from "../../words/random.ts";
import { Failure } from "../failure.ts";
import { openStore, type Store } from "../store/store.ts";
import { type DataFolder, makeDataFolder, openDataFolder } from "./data-folder.ts";
import { makeServerKey, readServerKey, type ServerSecrets } from "./server-key.ts";

export interface OpenServer extends ServerSecrets {
  readonly folder: DataFolder;
  readonly store: Store;
}

/** @throws Failure when no server is there, or folder, key and database are not safe or don't belong together. */
export async function openServer(path: string, clock: Clock, random: Random): Promise<OpenServer> {
  const folder = openDataFolder(path);
  if (!existsSync(folder.databaseFile))
    throw new Failure(
      "unsafe",
      `${folder.databaseFile} is missing next to ${folder.keyFile}; restore it from the backup`,
    );
  return open(folder, clock, random);
}

/** A new server in a folder that is empty or not there yet; the one that is there already, if there is. */
export async function initServer(path: string, clock: Clock, random: Random): Promise<OpenServer> {
  const folder = makeDataFolder(path);
  makeServerKey(folder, random);
  return open(folder, clock, random);
}

async function open(folder: DataFolder, clock: Clock, random: Random): Promise<OpenServer> {
  await loadSodium();
  const secrets = readServerKey(folder, random);
  const store = await openStore(folder.databaseFile);
  try {
    await checkKey(store, secrets.identity.signing.publicKey.toBase64(), clock);
  } catch (error) {
    await store.close();
    throw error;
  }
  return { folder, store, ...secrets };
}

async function checkKey(store: Store, signingKey: string, clock: Clock): Promise<void> {
  const known = await store.db.selectFrom("server").select("signingKey").executeTakeFirst();
  const row =
    known ??
    (await store.write(async (tx) => {
      await tx
        .insertInto("server")
        .values({ id: 1, signingKey, createdAtMs: clock.wallMs() })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
      return tx.selectFrom("server").select("signingKey").executeTakeFirstOrThrow();
    }));
  if (row.signingKey !== signingKey)
    throw new Failure(
      "unsafe",
      "server.key does not belong to this database; restore the key that was backed up with it",
    );
}

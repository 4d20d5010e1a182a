// The keys of a server that runs may be exchanged by a command or another process: the next identity, and the key that
// secrets are sealed under.

import type { Logger } from "pino";
import { type Clock, repeatEvery } from "../../words/clock.ts";
import { KeyFile } from "../identity/key-file.ts";
import type { OpenServer } from "../identity/open-server.ts";
import { Vault } from "../identity/vault.ts";
import type { Health } from "../monitoring/health.ts";

const lookEveryMs = 2_000;

/**
 * A `server.key` that this database is not sealed under, such as an old one that was put back, or that of an instance
 * which was left out when the key was replaced, seals nothing from the next look on, and the server is not ready until
 * the two belong together again: another file is there, or what the database is sealed under was put back. Never rejects.
 */
export async function followKeys(
  { identity, keyFile, store, vault }: OpenServer,
  health: Health,
  clock: Clock,
  stop: AbortSignal,
  log: Logger,
): Promise<void> {
  let fitted = true;
  await repeatEvery(lookEveryMs, clock, stop, async () => {
    try {
      keyFile.follow();
      const fits = keyFile.refused
        ? await keyFile.acceptIf((keys) => identity.isOpenedBy(vaultOf(keys), store.db))
        : await identity.isOpenedBy(vault, store.db);
      if (!fits) keyFile.refuse();
      health.keyFits(fits);
      if (fits !== fitted) {
        if (fits) log.info("server.key is that of the database again");
        else
          log.error("server.key is not that of the database: nobody is let in until the right one is there");
      }
      fitted = fits;
      if (fits && (await identity.refresh(store.db, vault)))
        log.info({ number: identity.number }, "new identity");
    } catch (error) {
      log.error(
        { error: error instanceof Error ? error.name : "unknown" },
        "the server's keys can't be read",
      );
    }
  });
}

/** Opens by these keys and does nothing else. */
function vaultOf(keys: readonly Uint8Array[]): Vault {
  const sealing = keys.map((key) => KeyFile.derive(key, "sealing"));
  const never = () => {
    throw new Error("keys that are only tried seal nothing");
  };
  return new Vault({ follow: () => undefined, all: () => sealing }, never, { bytes: never });
}

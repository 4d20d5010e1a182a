// The directory is followed while the server runs, as often as the setting says: by one of several instances at a time.

import type { Logger } from "pino";
import { type Clock, minuteMs, repeatEvery } from "../../words/clock.ts";
import type { Random } from "../../words/random.ts";
import { record, serverEntry } from "../audit/audit.ts";
import type { Vault } from "../identity/vault.ts";
import { readSetting } from "../settings/settings.ts";
import { note, noted } from "../store/notices.ts";
import type { Store } from "../store/store.ts";
import { reasonOf } from "./failed.ts";
import { directorySetting, theDirectory } from "./settings.ts";
import { synchroniseDirectory } from "./synchronise.ts";

export interface DirectoryScheduleParts {
  readonly store: Store;
  readonly vault: Vault;
  readonly identity: { readonly signing: { readonly privateKey: Uint8Array } };
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

const lookEveryMs = minuteMs;
const noticeName = "directory-sync";

export class DirectorySchedule {
  readonly #parts: DirectoryScheduleParts;
  readonly #over = new AbortController();
  #running: Promise<void> | undefined;
  /** The audit has the reason when it is a new one, and not every hour of a long night. */
  #lastReason = "";

  constructor(parts: DirectoryScheduleParts) {
    this.#parts = parts;
  }

  start(): void {
    const { clock } = this.#parts;
    this.#running ??= repeatEvery(lookEveryMs, clock, this.#over.signal, () => this.tick());
  }

  /** A sync that is under way is broken off, and has changed nothing then. */
  async end(): Promise<void> {
    this.#over.abort();
    await this.#running;
  }

  /** Syncs if it is time to. Never rejects: the next one may go well. */
  async tick(): Promise<void> {
    const { store, vault, identity, clock, random, log } = this.#parts;
    try {
      if (!(await this.#claim())) return;
      const directory = await theDirectory(store.db, vault);
      const parts = { store, vault, random, clock, signingKey: identity.signing.privateKey };
      const wish = { dryRun: false, force: false, adopt: false, stop: this.#over.signal };
      const nobody = { read: () => undefined, writing: () => undefined };
      const { rows, badLines, applied, gone, returned, newNames, adminsKept } = await synchroniseDirectory(
        parts,
        directory,
        wish,
        nobody,
      );
      this.#lastReason = "";
      log.info({ rows, badLines, ...applied, gone, returned, newNames }, "directory synchronised");
      if (adminsKept.length > 0)
        log.warn({ adminsKept }, "gone from the directory, and not disabled: nobody else is an admin");
    } catch (error) {
      if (this.#over.signal.aborted) return;
      await this.#tell(error);
    }
  }

  /** Whether it is time, and nobody else has said so. */
  async #claim(): Promise<boolean> {
    const { store, clock } = this.#parts;
    const { url, everyMinutes } = await readSetting(store.db, directorySetting);
    if (url === "" || everyMinutes === 0) return false;
    return store.write(async (tx) => {
      const nowMs = clock.wallMs();
      const last = await noted(tx, noticeName);
      // A clock that was set back must not end it for years.
      const sinceMs = Math.abs(nowMs - (last ?? Number.NEGATIVE_INFINITY));
      if (sinceMs < everyMinutes * minuteMs) return false;
      await note(tx, noticeName, nowMs);
      return true;
    });
  }

  async #tell(error: unknown): Promise<void> {
    const { store, clock, log } = this.#parts;
    const reason = reasonOf(error);
    log.warn({ reason }, "directory not synchronised");
    if (reason === this.#lastReason) return;
    this.#lastReason = reason;
    try {
      const entry = serverEntry(clock.wallMs(), "directory-not-synchronised", {}, { reason });
      await store.write((tx) => record(tx, entry));
    } catch (fault) {
      log.error({ error: (fault as Error).name }, "audit fault");
    }
  }
}

// New keys, or another protector, for a state that stays. The next state is written whole beside the present one and proven
// to open; then a mark decides. Without the mark the present state is the state and the other is discarded; with it the
// next one is, and whatever crashed on the way is finished before anything is opened. So there is never a choice of two.

import { existsSync, mkdirSync, readdirSync, renameSync, rmdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Random } from "../../words/random.ts";
import type { Secret } from "../../words/secret.ts";
import type { Standing } from "../policy/standing.ts";
import { copyState } from "./copy.ts";
import { syncFolder, writeWhole } from "./durable.ts";
import { ProtectorUnusable } from "./failures.ts";
import { deriveMachineKeys, type MachineKeys } from "./keys.ts";
import type { ProtectorIn, ProtectorName } from "./protector.ts";
import { writeRecoveryNote } from "./recovery-note.ts";
import { Store } from "./store.ts";

export interface NextState {
  readonly machine: { readonly secret: Secret<Uint8Array>; readonly keys: MachineKeys };
  readonly protector: ProtectorName;
  readonly recoveryKey: Uint8Array;
  /** Under bundles that the new keys open. */
  readonly standings: readonly Standing[];
}

const database = "state.db";
const note = "recovery.json";
/** `machine.key`, `machine.tpm2`, `machine.cred`; not what a protector writes on its way there. */
const secretFile = /^machine\.[a-z0-9]+$/;

export class Switch {
  readonly #folder: string;
  readonly #staging: string;
  readonly #mark: string;
  readonly #protectorIn: ProtectorIn;

  constructor(folder: string, protectorIn: ProtectorIn) {
    this.#folder = folder;
    this.#staging = join(folder, "next");
    this.#mark = join(folder, "switching.json");
    this.#protectorIn = protectorIn;
  }

  /** Durable when it returns: from now on the next state is the state. When it throws, nothing has changed. */
  decide(from: Store, next: NextState, random: Random): void {
    this.discard();
    try {
      this.#stage(from, next, random);
      writeWhole(this.#mark, "{}\n");
    } catch (error) {
      // A mark that was written after all decides: then what failed was only to learn of it.
      if (!existsSync(this.#mark)) this.#tryToDiscard();
      throw error;
    }
  }

  #stage(
    from: Store,
    { machine, protector: wanted, recoveryKey, standings }: NextState,
    random: Random,
  ): void {
    mkdirSync(this.#staging, { mode: 0o700 });
    syncFolder(this.#folder);
    const protector = usable(() => this.#protectorIn(this.#staging, wanted));
    const path = join(this.#staging, database);
    writeRecoveryNote(join(this.#staging, note), {
      server: from.server(),
      recoveryKey: recoveryKey.toBase64(),
    });
    usable(() => protector.create(machine.secret));
    copyState(from, path, { keys: machine.keys, random, counter: protector.counter }, standings);
    const secret = this.#protectorIn(this.#staging, wanted);
    const loaded = usable(() => secret.load());
    if (loaded === undefined) throw new Error("the new secret can't be read back");
    Store.open(path, { keys: deriveMachineKeys(loaded), random, counter: secret.counter }).close();
    if (existsSync(`${path}-wal`)) throw new Error("the new database could not be written whole");
    syncFolder(this.#staging);
  }

  /** Before anything is opened. `eraseSecret` erases the present one, and its counter. */
  settle(eraseSecret: () => void): void {
    if (!existsSync(this.#mark)) {
      this.#tryToDiscard();
      return;
    }
    const staged = existsSync(this.#staging) ? readdirSync(this.#staging) : [];
    if (staged.includes(database)) {
      for (const suffix of ["-wal", "-shm", "-journal"])
        rmSync(join(this.#folder, database + suffix), { force: true });
      this.#move(database);
    }
    const secrets = staged.filter((name) => secretFile.test(name));
    if (secrets.length > 0) eraseSecret();
    for (const name of secrets) this.#move(name);
    if (staged.includes(note)) this.#move(note);
    this.#removeStaging();
    rmSync(this.#mark, { force: true });
    syncFolder(this.#folder);
  }

  /** With the secret that was made for it, and its counter. */
  discard(): void {
    for (const path of [this.#mark, `${this.#mark}.new`]) if (existsSync(path)) rmSync(path);
    if (!existsSync(this.#staging)) return;
    this.#protectorIn(this.#staging, "file").erase();
    this.#removeStaging();
    syncFolder(this.#folder);
  }

  /** What stays is in nobody's way, and goes with the next try. */
  #tryToDiscard(): void {
    try {
      this.discard();
    } catch {
      // The disk fails, or the TPM: the present state has its own say about that.
    }
  }

  #removeStaging(): void {
    if (!existsSync(this.#staging)) return;
    for (const name of readdirSync(this.#staging)) rmSync(join(this.#staging, name), { force: true });
    rmdirSync(this.#staging);
  }

  #move(name: string): void {
    renameSync(join(this.#staging, name), join(this.#folder, name));
    syncFolder(this.#folder);
    syncFolder(this.#staging);
  }
}

function usable<T>(use: () => T): T {
  try {
    return use();
  } catch (error) {
    if (error instanceof ProtectorUnusable) throw error;
    throw new ProtectorUnusable(error instanceof Error ? error.message : "it failed", error);
  }
}

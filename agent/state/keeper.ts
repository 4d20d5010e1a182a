// The life of the state: none before joining, open while joined, closed after a commit that failed, erased for ever by a
// revocation. What can't be read is damaged and stays so until the machine joins again: it is never taken for empty.

import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import type { SignedDocument } from "../../protocol/crypto/signed-document.ts";
import type { Random } from "../../words/random.ts";
import { Secret } from "../../words/secret.ts";
import type { TimeRecord } from "../policy/trusted-time.ts";
import { syncFolder } from "./durable.ts";
import { CommitFailed, NoState, StateDamaged } from "./failures.ts";
import { deriveMachineKeys, type MachineKeys, machineSecretBytes } from "./keys.ts";
import type { Protector } from "./protector.ts";
import type { ServerRecord } from "./shapes.ts";
import { type Change, Store } from "./store.ts";

export type Condition =
  | { readonly state: "healthy" | "not-joined" | "revoked" }
  | { readonly state: "damaged"; readonly where: string };

/** A secret that is not yet anybody's: becomes the machine's when joining has succeeded. */
export interface NewMachine {
  readonly secret: Secret<Uint8Array>;
  readonly keys: MachineKeys;
}

export class StateKeeper {
  readonly #folder: string;
  readonly #protector: Protector;
  readonly #random: Random;
  #store: Store | undefined;

  constructor(folder: string, protector: Protector, random: Random) {
    this.#folder = folder;
    this.#protector = protector;
    this.#random = random;
  }

  get protector(): Protector {
    return this.#protector;
  }

  /** @throws NoState, StateDamaged */
  store(): Store {
    if (this.#store !== undefined) return this.#store;
    if (existsSync(this.#revokedPath)) {
      this.#erase();
      throw new NoState("revoked");
    }
    checkFolder(this.#folder);
    const secret = this.#protector.load();
    if (secret === undefined) throw new NoState("not-joined");
    if (!existsSync(this.#databasePath)) throw new StateDamaged("the database is missing");
    this.#store = Store.open(this.#databasePath, deriveMachineKeys(secret), this.#random);
    return this.#store;
  }

  condition(): Condition {
    try {
      this.store();
      return { state: "healthy" };
    } catch (error) {
      if (error instanceof NoState) return { state: error.why };
      if (error instanceof StateDamaged) return { state: "damaged", where: error.where };
      return { state: "damaged", where: "the state can't be read" };
    }
  }

  /** @throws CommitFailed, NoState, StateDamaged. After a failed commit the store is opened, and checked, anew. */
  commit(change: Change): void {
    const store = this.store();
    try {
      store.commit(change);
    } catch (error) {
      this.#store = undefined;
      try {
        store.close();
      } catch {
        // It failed already; what counts is that nobody uses it again.
      }
      throw error instanceof CommitFailed ? error : new CommitFailed(error);
    }
  }

  newMachine(): NewMachine {
    const secret = new Secret(this.#random.bytes(machineSecretBytes));
    return { secret, keys: deriveMachineKeys(secret) };
  }

  /**
   * The first state of a machine that has just joined; whatever was there before is erased. The secret is written last:
   * a crash before that leaves a machine that has not joined.
   */
  begin(
    machine: NewMachine,
    server: ServerRecord,
    policy: SignedDocument,
    time: TimeRecord,
    wallMs: number,
  ): void {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    checkFolder(this.#folder);
    this.#erase();
    rmSync(this.#revokedPath, { force: true });
    const store = Store.create(this.#databasePath, machine.keys, this.#random, time);
    chmodSync(this.#databasePath, 0o600);
    try {
      const events = [{ kind: "joined" }] as const;
      store.commit({ nowMs: time.highWaterMs, wallMs, server, machinePolicy: policy, events });
      this.#protector.create(machine.secret);
    } catch (error) {
      store.close();
      throw error;
    }
    this.#store = store;
  }

  /** For ever: first a durable mark, then the keys, then the data. A crash in between is finished at the next start. */
  revoke(machine: string, serial: number): void {
    const file = openSync(this.#revokedPath, "w", 0o600);
    try {
      writeSync(file, `${JSON.stringify({ machine, serial })}\n`);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    syncFolder(this.#folder);
    this.#erase();
  }

  /** Which machine was revoked here, if one was. */
  revokedMachine(): string | undefined {
    try {
      const mark: unknown = JSON.parse(readFileSync(this.#revokedPath, "utf8"));
      return typeof mark === "object" && mark !== null && "machine" in mark
        ? String(mark.machine)
        : undefined;
    } catch {
      return undefined;
    }
  }

  close(): void {
    this.#store?.close();
    this.#store = undefined;
  }

  #erase(): void {
    this.close();
    this.#protector.erase();
    for (const suffix of ["", "-wal", "-shm", "-journal"])
      rmSync(this.#databasePath + suffix, { force: true });
    if (existsSync(this.#folder)) syncFolder(this.#folder);
  }

  get #databasePath(): string {
    return join(this.#folder, "state.db");
  }

  get #revokedPath(): string {
    return join(this.#folder, "revoked.json");
  }
}

/** The agent's alone: owned by it, closed to everybody else, and not a link to somewhere else. */
function checkFolder(path: string): void {
  if (!existsSync(path)) return;
  const folder = lstatSync(path);
  if (!folder.isDirectory()) throw new StateDamaged("the state folder is not a folder");
  if (folder.uid !== process.geteuid?.())
    throw new StateDamaged("the state folder is owned by another account");
  if ((folder.mode & 0o077) !== 0)
    throw new StateDamaged("the state folder is open to others: its mode must be 0700");
}

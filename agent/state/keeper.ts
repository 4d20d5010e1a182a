// The life of the state: none before joining, open while joined, closed after a commit that failed, erased for ever by a
// revocation. What can't be read is damaged and stays so until the machine joins again: it is never taken for empty.

import { existsSync, lstatSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { SignedDocument } from "../../protocol/crypto/signed-document.ts";
import type { Random } from "../../words/random.ts";
import { Secret } from "../../words/secret.ts";
import type { TimeRecord } from "../policy/trusted-time.ts";
import { syncFolder, writeWhole } from "./durable.ts";
import { CommitFailed, type Loss, NoState, StateDamaged, StateUnreadable } from "./failures.ts";
import { deriveMachineKeys, type MachineKeys, machineSecretBytes } from "./keys.ts";
import type { EventDraft } from "./outbox.ts";
import type { Protector, ProtectorIn } from "./protector.ts";
import { type RecoveryNote, readRecoveryNote, writeRecoveryNote } from "./recovery-note.ts";
import type { ServerRecord } from "./shapes.ts";
import { type Change, Store, type StoreParts } from "./store.ts";
import { type NextState, Switch } from "./switch.ts";

export type Condition =
  | { readonly state: "healthy" | "not-joined" | "revoked" }
  | { readonly state: "damaged"; readonly where: string };

/** A secret that is not yet anybody's: becomes the machine's when joining has succeeded. */
export interface NewMachine {
  readonly secret: Secret<Uint8Array>;
  readonly keys: MachineKeys;
}

export interface FreshState {
  readonly machine: NewMachine;
  readonly server: ServerRecord;
  readonly recoveryKey: Uint8Array;
  readonly machinePolicy: SignedDocument;
  readonly time: TimeRecord;
  readonly wallMs: number;
  /** The first event of the new chain: why it begins. */
  readonly event: EventDraft;
}

export class StateKeeper {
  readonly #folder: string;
  readonly #protector: Protector;
  readonly #random: Random;
  readonly #switch: Switch;
  #store: Store | undefined;

  constructor(folder: string, protectorIn: ProtectorIn, random: Random) {
    this.#folder = folder;
    this.#protector = protectorIn(folder, "configured");
    this.#random = random;
    this.#switch = new Switch(folder, protectorIn);
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
    this.#switch.settle(() => this.#protector.erase());
    const secret = this.#loadSecret();
    if (secret === undefined) {
      // A note without a secret: the key has gone, or a crash came between the two. A machine that never joined has neither.
      if (existsSync(this.#notePath)) throw new StateDamaged("the key is missing", undefined, "key-lost");
      throw new NoState("not-joined");
    }
    if (!existsSync(this.#databasePath)) throw new StateDamaged("the database is missing");
    const store = Store.open(this.#databasePath, this.#storeParts(deriveMachineKeys(secret)));
    try {
      // Beginning makes the rows in two commits: a crash between them leaves no state, and must not pass for one.
      store.server();
      // Every sign-in and every sync reads it: without it nothing works, and a machine that calls itself whole isn't mended.
      store.machinePolicy();
    } catch (error) {
      store.close();
      throw error;
    }
    this.#store = store;
    return store;
  }

  condition(): Condition {
    try {
      this.store();
      return { state: "healthy" };
    } catch (error) {
      if (error instanceof NoState) return { state: error.why };
      if (error instanceof StateDamaged || error instanceof StateUnreadable)
        return { state: "damaged", where: error.where };
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
   * The first state of a machine that has just joined, or has been given new keys; whatever was there before is erased.
   * First the note by which a crash in between is recovered from, then the secret, then the data.
   */
  begin(fresh: FreshState): void {
    const { machine, server, recoveryKey, time, wallMs, machinePolicy, event } = fresh;
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    checkFolder(this.#folder);
    this.#erase();
    rmSync(this.#revokedPath, { force: true });
    writeRecoveryNote(this.#notePath, { server, recoveryKey: recoveryKey.toBase64() });
    this.#protector.create(machine.secret);
    const store = Store.create(this.#databasePath, this.#storeParts(machine.keys), time);
    try {
      store.commit({ nowMs: time.highWaterMs, wallMs, server, machinePolicy, events: [event] });
    } catch (error) {
      store.close();
      throw error;
    }
    this.#store = store;
  }

  /** The state goes on under new keys and, perhaps, another protector. When it throws, it goes on as it was. */
  switchTo(next: NextState): void {
    try {
      this.#switch.decide(this.store(), next, this.#random);
    } finally {
      // Whatever was decided: nothing may be written any more to what may not be the state.
      this.close();
    }
    this.store();
  }

  /** The server has other keys: whoever recovers from the note begins with those. Without a whole note nothing is done. */
  noteServer(server: ServerRecord): void {
    const note = readRecoveryNote(this.#notePath);
    if (note !== undefined) writeRecoveryNote(this.#notePath, { ...note, server });
  }

  /** When the state is lost: how to get new keys. Undefined while there is nothing to recover from, or nothing to do it by. */
  recovery(): { readonly note: RecoveryNote; readonly loss: Loss } | undefined {
    try {
      this.store();
      return undefined;
    } catch (error) {
      if (!(error instanceof StateDamaged) || !isSafe(this.#folder)) return undefined;
      const note = readRecoveryNote(this.#notePath);
      return note === undefined ? undefined : { note, loss: error.loss };
    }
  }

  /** For ever: first a durable mark, then the keys, then the data. A crash in between is finished at the next start. */
  revoke(machine: string, serial: number): void {
    // Another agent may have put another identity's files in this place: they are not this revocation's.
    const there = readRecoveryNote(this.#notePath)?.server.machine;
    if (there !== undefined && there !== machine) {
      this.close();
      return;
    }
    writeWhole(this.#revokedPath, `${JSON.stringify({ machine, serial })}\n`);
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
    rmSync(this.#notePath, { force: true });
    this.#protector.erase();
    this.#switch.discard();
    for (const suffix of ["", "-wal", "-shm", "-journal"])
      rmSync(this.#databasePath + suffix, { force: true });
    if (existsSync(this.#folder)) syncFolder(this.#folder);
  }

  #loadSecret(): Secret<Uint8Array> | undefined {
    try {
      return this.#protector.load();
    } catch (error) {
      throw error instanceof StateDamaged ? new StateDamaged(error.where, error, "key-lost") : error;
    }
  }

  #storeParts(keys: MachineKeys): StoreParts {
    return { keys, random: this.#random, counter: this.#protector.counter };
  }

  get #notePath(): string {
    return join(this.#folder, "recovery.json");
  }

  get #databasePath(): string {
    return join(this.#folder, "state.db");
  }

  get #revokedPath(): string {
    return join(this.#folder, "revoked.json");
  }
}

function isSafe(path: string): boolean {
  try {
    checkFolder(path);
    return true;
  } catch {
    return false;
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

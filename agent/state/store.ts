// Sealed state. Reads check that a row is the one that was last committed; `commit` is the only way to change anything,
// all or nothing and durable when it returns. It is synchronous, and so is everything between reading a standing and
// committing the next one: that is the queue which makes a code spendable once, whatever runs in parallel.

import * as v from "valibot";
import type { SignedDocument } from "../../protocol/crypto/signed-document.ts";
import { signedDocumentSchema } from "../../protocol/crypto/signed-document.ts";
import type { Random } from "../../words/random.ts";
import type { Standing } from "../policy/standing.ts";
import { type TimeRecord, withCommit } from "../policy/trusted-time.ts";
import { CommitFailed, StateDamaged, readableOf } from "./failures.ts";
import { firstHead, type Head, headSchema } from "./head.ts";
import type { MachineKeys } from "./keys.ts";
import {
  afterSending,
  appendEvents,
  checkOutbox,
  type EventDraft,
  eventRowId,
  type Waiting,
  withLines,
  without,
} from "./outbox.ts";
import type { GenerationCounter } from "./protector.ts";
import { type RowName, RowNames, userRowId } from "./row-names.ts";
import { asFailure, type Row, Rows } from "./rows.ts";
import { openRecord, sealRecord } from "./seal.ts";
import {
  type ServerRecord,
  serverRecordSchema,
  standingSchema,
  type Tombstone,
  tombstoneSchema,
} from "./shapes.ts";

export interface Change {
  /** Trusted time and wall time of the change, for its events and for the high-water mark. */
  readonly nowMs: number;
  readonly wallMs: number;
  readonly events?: readonly EventDraft[];
  readonly put?: readonly Standing[];
  /** What is put took the place of something that a thief must not find beside it. So does whatever is removed. */
  readonly forget?: boolean;
  /** Users whose standing goes; each leaves a tombstone with what they had spent. */
  readonly remove?: readonly string[];
  /** Users among them who may not come back by a bundle of this serial or a lower one. */
  readonly tombstones?: readonly { readonly user: string; readonly serial: number }[];
  readonly machinePolicy?: SignedDocument;
  readonly server?: ServerRecord;
  /** A server's word on the time, set before the high-water mark is raised. */
  readonly time?: TimeRecord;
  readonly head?: Partial<Pick<Head, "requestSequence" | "revokedThrough" | "lastSyncAtMs">>;
  /** Events up to this sequence are safe at the server and leave the outbox. */
  readonly sentThrough?: number;
}

export interface StoreParts {
  readonly keys: MachineKeys;
  readonly random: Random;
  /** Of the protector that holds the secret; undefined where it has none. */
  readonly counter: GenerationCounter | undefined;
}

/** Some hundred users and their bundles. */
const mostKnown = 512;
const headName = { table: "head", id: "head" } as const;

export class Store {
  readonly #rows: Rows;
  readonly #keys: MachineKeys;
  readonly #random: Random;
  readonly #counter: GenerationCounter | undefined;
  readonly #names: RowNames;
  #head: Head;
  #waiting: Waiting;
  /** What the rows say, as long as they are of the same generation: written or read once, known until it changes. */
  readonly #known = new Map<string, { readonly generation: number; readonly content: unknown }>();
  /** Signatures of the bundles as they are stored, by row id: a sign-in writes the small record only. */
  readonly #storedBundles = new Map<string, string>();

  private constructor(rows: Rows, parts: StoreParts, head: Head, names: RowNames, waiting: Waiting) {
    this.#rows = rows;
    this.#keys = parts.keys;
    this.#random = parts.random;
    this.#counter = parts.counter;
    this.#head = head;
    this.#names = names;
    this.#waiting = waiting;
  }

  static create(path: string, parts: StoreParts, time: TimeRecord): Store {
    const { keys, random, counter } = parts;
    const rows = Rows.create(path);
    const names = new RowNames(keys.digest, []);
    const head = firstHead(time, names.digest(), counter?.read() ?? null);
    const name = { ...headName, generation: head.generation };
    rows.write([{ ...name, sealed: sealRecord(keys.record, name, head, random) }], [], false);
    return new Store(rows, parts, head, names, { events: 0, bytes: 0 });
  }

  /**
   * @throws StateDamaged when the rows are not exactly those of the last commit, or that commit is not the counter's.
   * A counter that doesn't answer throws its own error: nothing is said about the state then.
   */
  static open(path: string, parts: StoreParts): Store {
    const rows = Rows.open(path);
    try {
      const store = Store.#whole(rows, parts);
      store.#checkCounter();
      return store;
    } catch (error) {
      rows.close();
      throw error;
    }
  }

  static #whole(rows: Rows, parts: StoreParts): Store {
    const { keys } = parts;
    try {
      const row = rows.get(headName.table, headName.id);
      if (row === undefined) throw new StateDamaged("there is no head");
      const head = shaped("head", headSchema, openRecord(keys.record, row, row.sealed));
      if (head.generation !== row.generation) throw new StateDamaged("the head is of another generation");
      const names = new RowNames(keys.digest, rows.names(["head", "event"]));
      if (names.digest() !== head.digest) throw new StateDamaged("the rows are not those of the last commit");
      const events = rows.all("event").map((row) => ({ id: row.id, line: eventLine(keys, row) }));
      checkOutbox(head.events, events);
      return new Store(rows, parts, head, names, withLines({ events: 0, bytes: 0 }, events));
    } catch (error) {
      throw asFailure(error);
    }
  }

  get head(): Head {
    return this.#head;
  }

  get keys(): MachineKeys {
    return this.#keys;
  }

  standing(user: string): Standing | undefined {
    const standing = this.standingAt(this.#rowId(user));
    if (standing !== undefined && standing.user !== user)
      throw new StateDamaged("a standing is another user's");
    return standing;
  }

  /** All enrolled users; a standing that doesn't read is counted and stands in nobody's way. */
  standings(): { readonly readable: readonly Standing[]; readonly damaged: number } {
    return readableOf(this.#names.ids("standing"), (id) => this.standingAt(id));
  }

  /** Also when the standing can't be read. */
  isEnrolled(user: string): boolean {
    return this.#names.get("standing", this.#rowId(user)) !== undefined;
  }

  /** Undefined for a user who never left. */
  tombstone(user: string): Tombstone | undefined {
    return this.tombstoneAt(this.#rowId(user));
  }

  tombstoneAt(id: string): Tombstone | undefined {
    const content = this.#read("tombstone", id);
    return content === undefined ? undefined : shaped("tombstone", tombstoneSchema, content);
  }

  tombstones(): Tombstone[] {
    const all = this.#names.ids("tombstone").map((id) => this.#read("tombstone", id));
    return all.map((content) => shaped("tombstone", tombstoneSchema, content));
  }

  /** A row that changes has another generation. */
  namesOf(table: "standing" | "tombstone"): readonly RowName[] {
    return this.#names.of(table);
  }

  /** 0 when there was no revocation of this user. */
  revokedSerial(user: string): number {
    return this.tombstone(user)?.serial ?? 0;
  }

  machinePolicy(): SignedDocument | undefined {
    const content = this.#read("machine-policy", "machine-policy");
    return content === undefined ? undefined : shaped("machine-policy", signedDocumentSchema, content);
  }

  server(): ServerRecord {
    const content = this.#read("server", "server");
    if (content === undefined) throw new StateDamaged("there is no server record");
    return shaped("server", serverRecordSchema, content);
  }

  /** Lines of the outbox in order, the oldest first. */
  eventLines(most: number): string[] {
    const from = this.#head.events.sentThrough + 1;
    return this.#rows.some("event", eventRowId(from), most).map((row) => eventLine(this.#keys, row));
  }

  /** @throws CommitFailed: the outcome is unknown, and the store must be opened anew before it is used again. */
  commit(change: Change): void {
    const generation = this.#head.generation + 1;
    const put: { table: string; id: string; content: unknown }[] = [];
    const remove: { table: string; id: string }[] = [];
    const bundles = new Map<string, string>();
    for (const { bundle, ...standing } of change.put ?? []) {
      const id = this.#rowId(standing.user);
      put.push({ table: "standing", id, content: standing });
      if (this.#storedBundles.get(id) === bundle.signature) continue;
      put.push({ table: "bundle", id, content: bundle });
      bundles.set(id, bundle.signature);
    }
    for (const user of change.remove ?? [])
      for (const table of ["standing", "bundle"]) remove.push({ table, id: this.#rowId(user) });
    for (const content of this.#tombstones(change))
      put.push({ table: "tombstone", id: this.#rowId(content.user), content });
    if (change.machinePolicy)
      put.push({ table: "machine-policy", id: "machine-policy", content: change.machinePolicy });
    if (change.server) put.push({ table: "server", id: "server", content: change.server });
    const names = this.#names.after(
      put.map(({ table, id }) => ({ table, id, generation })),
      remove,
    );

    // What users have spent, or who they are here: the commits that must not come undone.
    const spends = [change.put, change.remove].some((list) => (list?.length ?? 0) > 0);
    const sent = this.#sentRows(change.sentThrough);
    remove.push(...sent.map(({ table, id }) => ({ table, id })));
    const sentLines = sent.map((row) => eventLine(this.#keys, row));
    const left = without(this.#waiting, sentLines);
    const appended = appendEvents(this.#head.events, left, change.events ?? [], change, this.#random);
    for (const { id, line } of appended.lines) put.push({ table: "event", id, content: line });

    const head: Head = {
      ...this.#head,
      ...change.head,
      generation,
      spends: spends && this.#head.spends !== null ? this.#head.spends + 1 : this.#head.spends,
      digest: names.digest,
      time: withCommit(change.time ?? this.#head.time, change.nowMs),
      events: afterSending(appended.ends, sentLines),
    };
    put.push({ ...headName, content: head });
    const rows = put.map(({ table, id, content }) => {
      const name = { table, id, generation };
      return { ...name, sealed: sealRecord(this.#keys.record, name, content, this.#random) };
    });
    try {
      this.#rows.write(rows, remove, change.forget === true || (change.remove ?? []).length > 0);
      // After the write, so that a crash in between leaves the counter one behind, which the next start catches up.
      if (spends && this.#counter !== undefined && this.#counter.increment() !== head.spends)
        throw new Error("the counter is not where it was left");
    } catch (error) {
      throw new CommitFailed(error);
    }
    this.#head = head;
    this.#waiting = withLines(left, appended.lines);
    names.apply();
    for (const { table, id, content } of put)
      if (table !== "event" && table !== "head") this.#know({ table, id, generation }, content);
    for (const { id } of remove) this.#storedBundles.delete(id);
    for (const [id, signature] of bundles) this.#storedBundles.set(id, signature);
  }

  close(): void {
    this.#rows.close();
  }

  #tombstones(change: Change): Tombstone[] {
    return (change.remove ?? []).map((user) => {
      const before = this.tombstone(user);
      const given = change.tombstones?.find((tombstone) => tombstone.user === user)?.serial ?? 0;
      return { user, serial: Math.max(before?.serial ?? 0, given), spent: this.#spentOf(user, before) };
    });
  }

  /** A standing that can't be read has nothing to say. */
  #spentOf(user: string, before: Tombstone | undefined): Tombstone["spent"] {
    try {
      return [...(this.standing(user)?.spent ?? before?.spent ?? [])];
    } catch (error) {
      if (error instanceof StateDamaged) return before?.spent ?? [];
      throw error;
    }
  }

  /** The oldest events up to this sequence; an answer of the server that names others is a mistake of the caller's. */
  #sentRows(through: number | undefined): Row[] {
    const { sequence, sentThrough } = this.#head.events;
    if (through === undefined || through <= sentThrough) return [];
    if (through > sequence) throw new RangeError("events that don't exist can't have been sent");
    return this.#rows.some("event", eventRowId(sentThrough + 1), through - sentThrough);
  }

  /** Equal is fine; one behind is a crash between commit and count; anything else is not the state that was left. */
  #checkCounter(): void {
    const { spends } = this.#head;
    if (this.#counter === undefined && spends === null) return;
    if (this.#counter === undefined || spends === null)
      throw new StateDamaged("the state was counted by another protector");
    const counted = this.#counter.read();
    if (counted === spends || (counted === spends - 1 && this.#counter.increment() === spends)) return;
    const where = "it is not the one that the protector has counted last: an old one was put back";
    throw new StateDamaged(where, undefined, "state-turned-back");
  }

  /** By the row's id. */
  standingAt(id: string): Standing | undefined {
    const content = this.#read("standing", id);
    if (content === undefined) return undefined;
    const bundle = shaped("bundle", signedDocumentSchema, this.#read("bundle", id));
    this.#storedBundles.set(id, bundle.signature);
    return { ...shaped("standing", standingSchema, content), bundle };
  }

  #read(table: string, id: string): unknown {
    const expected = this.#names.get(table, id);
    if (expected === undefined) return undefined;
    const known = this.#known.get(`${table} ${id}`);
    if (known !== undefined && known.generation === expected.generation) return known.content;
    const row = this.#rows.get(table, id);
    if (row === undefined) throw new StateDamaged(`a ${table} record is missing`);
    if (row.generation !== expected.generation)
      throw new StateDamaged(`a ${table} record is not the last one`);
    const content = openRecord(this.#keys.record, expected, row.sealed);
    this.#know(expected, content);
    return content;
  }

  #know({ table, id, generation }: RowName, content: unknown): void {
    if (this.#known.size >= mostKnown) this.#known.clear();
    this.#known.set(`${table} ${id}`, { generation, content });
  }

  #rowId(user: string): string {
    return userRowId(this.#keys, user);
  }
}

function eventLine({ record }: MachineKeys, row: Row): string {
  return shaped("event", v.string(), openRecord(record, row, row.sealed));
}

function shaped<S extends v.GenericSchema>(what: string, schema: S, content: unknown): v.InferOutput<S> {
  const result = v.safeParse(schema, content);
  if (!result.success) throw new StateDamaged(`a ${what} record has an unknown shape`);
  return result.output;
}

// Joined machines as the server knows them.

import { record, serverEntry } from "../audit/audit.ts";
import { Failure } from "../failure.ts";
import { statement } from "../store/statement.ts";
import type { Db, Tx } from "../store/store.ts";
import type { MachineTable } from "../store/tables.ts";

export type Machine = Readonly<MachineTable>;

/** Stable words for what an admin should look at. */
export type MachineFlag =
  | "sequence-conflict"
  | "event-gap"
  | "event-fork"
  | "event-malformed"
  /** Not a broken chain: the machine says how much found no room on it. */
  | "events-dropped"
  | "state-restored";

/** When a removed machine was last seen, if that was before: no clock that was turned back can say something else. */
export const neverSince = 0;

const machineById = statement((db, id: string) => db.selectFrom("machines").selectAll().where("id", "=", id));

/** Also one that was removed: its requests are answered. */
export async function findMachine(db: Db, id: string): Promise<Machine | undefined> {
  return machineById.first(db, id);
}

/** Those that were not removed: what every list, count and report is made of. */
export function machinesThere(db: Db) {
  return db.selectFrom("machines").where("removedAtMs", "is", null);
}

export async function listMachines(db: Db): Promise<Machine[]> {
  return machinesThere(db).selectAll().orderBy("joinedAtMs").orderBy("id").execute();
}

/** By id, by the beginning of one, or by host name. @throws Failure unless exactly one machine is meant. */
export async function theMachine(db: Db, text: string): Promise<Machine> {
  const exact = await findMachine(db, text.toUpperCase());
  if (exact !== undefined && exact.removedAtMs !== null)
    throw new Failure("not-found", `machine ${exact.id} was removed`);
  const found = exact ?? (await oneLike(machinesThere(db), text));
  if (found === undefined) throw new Failure("not-found", `there is no machine ${JSON.stringify(text)}`);
  return found;
}

/** Likewise among all that there ever were, as the audit knows them; what is there comes before what was removed. */
export async function theMachineEver(db: Db, text: string): Promise<Machine> {
  const removed = db.selectFrom("machines").where("removedAtMs", "is not", null);
  const found =
    (await findMachine(db, text.toUpperCase())) ??
    (await oneLike(machinesThere(db), text)) ??
    (await oneLike(removed, text));
  if (found === undefined) throw new Failure("not-found", `there is no machine ${JSON.stringify(text)}`);
  return found;
}

async function oneLike(among: ReturnType<typeof machinesThere>, text: string): Promise<Machine | undefined> {
  // A host name is what the machine says: it may not hide behind the beginning of another's id, nor that behind it.
  const isBeginning = /^[A-Za-z2-7]{4,}$/.test(text);
  const found = await among
    .selectAll()
    .where((expression) =>
      expression.or([
        expression("hostname", "=", text),
        ...(isBeginning ? [expression("id", "like", `${text.toUpperCase()}%`)] : []),
      ]),
    )
    .orderBy("id")
    .limit(100)
    .execute();
  if (found.length > 1)
    throw new Failure(
      "conflict",
      `${JSON.stringify(text)} means ${found.length === 100 ? "100 or more" : found.length} machines; give a machine id`,
    );
  return found[0];
}

/** By the whole id. @throws Failure when there is no such machine, or not any more. */
export async function theMachineById(db: Db, id: string): Promise<Machine> {
  const machine = await findMachine(db, id);
  if (machine !== undefined && machine.removedAtMs !== null)
    throw new Failure("not-found", "this machine was removed; the audit still has what it did");
  if (machine === undefined) throw new Failure("not-found", "there is no such machine");
  return machine;
}

export function flagsOf(machine: Pick<Machine, "flags">): MachineFlag[] {
  return JSON.parse(machine.flags);
}

/**
 * Marks the machine for an admin's eye. Told in the audit when the flag is new; a machine that goes on the same way
 * adds nothing, so that it can't fill the disk.
 */
export async function flagMachine(
  tx: Tx,
  machine: Machine,
  flag: MachineFlag,
  nowMs: number,
  detail: Readonly<Record<string, string | number>>,
): Promise<void> {
  const row = await tx
    .selectFrom("machines")
    .select("flags")
    .where("id", "=", machine.id)
    .executeTakeFirstOrThrow();
  const flags: MachineFlag[] = JSON.parse(row.flags);
  if (flags.includes(flag)) return;
  await tx
    .updateTable("machines")
    .set({ flags: JSON.stringify([...flags, flag]) })
    .where("id", "=", machine.id)
    .execute();
  await record(tx, serverEntry(nowMs, flag, { machine: machine.id }, detail));
}

/**
 * The admin has looked: flags go, and a chain of events that was broken may begin anew with what the machine sends next.
 * What is missing from it stays missing, and the audit says so.
 */
export async function clearFlags(tx: Tx, machine: Machine, nowMs: number): Promise<void> {
  const broken = flagsOf(machine).some((flag) => flag.startsWith("event-"));
  await tx
    .updateTable("machines")
    .set({ flags: "[]", ...(broken ? { eventsHash: null } : {}) })
    .where("id", "=", machine.id)
    .execute();
  const detail = { flags: flagsOf(machine), eventsThrough: machine.eventsThrough };
  await record(tx, serverEntry(nowMs, "flags-cleared", { machine: machine.id }, detail));
}

/** Takes effect at the machine's next sync. */
export async function exemptMachine(tx: Tx, machine: Machine, exempt: boolean, nowMs: number): Promise<void> {
  await tx
    .updateTable("machines")
    .set({ exempt: exempt ? 1 : 0 })
    .where("id", "=", machine.id)
    .execute();
  const kind = exempt ? "machine-exempted" : "machine-exemption-ended";
  await record(tx, serverEntry(nowMs, kind, { machine: machine.id }));
}

/** The next serial of a machine's documents: one row of numbers for bundles, policies and revocations together. */
export async function nextSerial(tx: Tx, machineId: string): Promise<number> {
  const row = await serialRaised.first(tx, machineId);
  if (row === undefined) throw new Error("a machine that is not there needs no serial");
  return row.serial;
}

const serialRaised = statement((db, machineId: string) =>
  db
    .updateTable("machines")
    .set((expression) => ({ serial: expression("serial", "+", 1) }))
    .where("id", "=", machineId)
    .returning("serial"),
);

/** No document of one machine can have a higher serial; a machine that says so harms itself only. */
const mostSerial = 2 ** 52;

/**
 * Serials go on above what the machine has seen. They are behind it when this database was restored from a backup; the
 * machine would take what comes next, revocations among it, for old.
 */
export function serialAbove(serial: number, seen: readonly number[]): number {
  return Math.max(serial, ...seen.map((one) => Math.min(one, mostSerial)));
}

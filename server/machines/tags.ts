// Tags that an admin gives to machines, by hand or with the token they join with: policies are chosen by them. A machine
// says nothing about its own.

import { record, serverEntry } from "../audit/audit.ts";
import { Failure } from "../failure.ts";
import type { Db, Tx } from "../store/store.ts";
import type { Machine } from "./machines.ts";
import { checkMachineTag } from "./tag-name.ts";

const mostTags = 50;

/** Of one machine, by name. */
export async function tagsOf(db: Db, machineId: string): Promise<string[]> {
  const rows = await db
    .selectFrom("machineTags")
    .select("tag")
    .where("machineId", "=", machineId)
    .orderBy("tag")
    .execute();
  return rows.map(({ tag }) => tag);
}

/** Of all machines that have any. */
export async function tagsByMachine(db: Db): Promise<ReadonlyMap<string, readonly string[]>> {
  const rows = await db.selectFrom("machineTags").selectAll().orderBy("machineId").orderBy("tag").execute();
  const byMachine = Map.groupBy(rows, (row) => row.machineId);
  return new Map([...byMachine].map(([id, of]) => [id, of.map(({ tag }) => tag)]));
}

/** A repeat changes nothing. Takes effect at the machine's next sync. @throws Failure */
export async function addTag(tx: Tx, machine: Machine, tag: string, nowMs: number): Promise<void> {
  checkMachineTag(tag);
  const present = await tagsOf(tx, machine.id);
  if (present.includes(tag)) return;
  if (present.length >= mostTags) throw new Failure("conflict", `a machine has at most ${mostTags} tags`);
  await tx.insertInto("machineTags").values({ machineId: machine.id, tag }).execute();
  await record(tx, serverEntry(nowMs, "machine-tagged", { machine: machine.id }, { tag }));
}

/** @throws Failure when the machine does not have the tag. */
export async function removeTag(tx: Tx, machine: Machine, tag: string, nowMs: number): Promise<void> {
  const done = await tx
    .deleteFrom("machineTags")
    .where("machineId", "=", machine.id)
    .where("tag", "=", tag)
    .executeTakeFirst();
  if (done.numDeletedRows === 0n)
    throw new Failure("not-found", `${machine.hostname} does not have the tag ${JSON.stringify(tag)}`);
  await record(tx, serverEntry(nowMs, "machine-untagged", { machine: machine.id }, { tag }));
}

/** Those of a join token, beside what the machine has: told in the audit with the joining. */
export async function giveTags(tx: Tx, machineId: string, tags: readonly string[]): Promise<void> {
  const present = await tagsOf(tx, machineId);
  for (const tag of tags)
    if (!present.includes(tag)) await tx.insertInto("machineTags").values({ machineId, tag }).execute();
}

/** @throws Failure for a list that can't be a machine's. */
export function checkTags(tags: readonly string[]): readonly string[] {
  for (const tag of tags) checkMachineTag(tag);
  const unique = [...new Set(tags)];
  if (unique.length > mostTags) throw new Failure("invalid", `a machine has at most ${mostTags} tags`);
  return unique;
}

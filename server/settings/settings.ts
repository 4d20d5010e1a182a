// What an admin sets for the whole server: one row of JSON a setting, each with a shape and a value for when nobody has set
// it. What is secret in one is sealed by whoever owns the setting, before it comes here.

import * as v from "valibot";
import { record, serverEntry } from "../audit/audit.ts";
import { Failure } from "../failure.ts";
import type { Db, Tx } from "../store/store.ts";

export interface Setting<T extends object> {
  /** A stable word, such as `mail`. */
  readonly name: string;
  /** Strict, and complete: a stored setting has every field. */
  readonly schema: v.GenericSchema<unknown, T>;
  readonly whenUnset: T;
  /** Nothing in it is secret, and the audit says what it was and what it is. */
  readonly told?: true;
}

/** @throws Error when what is stored is no such setting: nothing is decided by half of one. */
export async function readSetting<T extends object>(db: Db, setting: Setting<T>): Promise<T> {
  const row = await db
    .selectFrom("settings")
    .select("content")
    .where("name", "=", setting.name)
    .executeTakeFirst();
  return row === undefined ? setting.whenUnset : v.parse(setting.schema, JSON.parse(row.content));
}

/** @throws Failure with the field at fault when `value` does not have the shape. */
export function checkSetting<T extends object>(setting: Setting<T>, value: unknown): T {
  const checked = v.safeParse(setting.schema, value);
  if (checked.success) return checked.output;
  const path = v.getDotPath(checked.issues[0]) ?? setting.name;
  throw new Failure("invalid", `${path}: ${checked.issues[0].message}`);
}

/**
 * Replaces the setting as a whole. The audit names the fields that changed, and not what they hold, which may be secret, but
 * where the setting is told.
 * @throws Failure with the field at fault when `value` does not have the shape.
 */
export async function writeSetting<T extends object>(
  tx: Tx,
  setting: Setting<T>,
  value: unknown,
  nowMs: number,
): Promise<T> {
  const checked = checkSetting(setting, value);
  const before = await readSetting(tx, setting);
  const changed = changedFields(before, checked);
  const row = { content: JSON.stringify(checked), updatedAtMs: nowMs };
  await tx
    .insertInto("settings")
    .values({ name: setting.name, ...row })
    .onConflict((conflict) => conflict.column("name").doUpdateSet(row))
    .execute();
  const told =
    setting.told === true ? { was: contents(before, changed), is: contents(checked, changed) } : {};
  await record(tx, serverEntry(nowMs, "setting-changed", {}, { setting: setting.name, changed, ...told }));
  return checked;
}

function changedFields(before: object, after: object): string[] {
  const old = new Map<string, unknown>(Object.entries(before));
  return Object.entries(after)
    .filter(([field, value]) => JSON.stringify(old.get(field)) !== JSON.stringify(value))
    .map(([field]) => field);
}

function contents(setting: object, fields: readonly string[]): string[] {
  return Object.entries(setting).flatMap(([field, value]) =>
    fields.includes(field) ? [`${field}=${String(value)}`] : [],
  );
}

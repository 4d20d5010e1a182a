// Names that users had, at the machines that may still hold something under them. What such a machine sends late under the name
// is that user's, whoever may have the name by now: what it says was spent, and what it says has happened.

import type { Spent } from "../../protocol/sync/exchanges.ts";
import { parseUserName } from "../../words/user-name.ts";
import { authenticatorsHere } from "../authenticators/authenticators.ts";
import { mergeAndSave } from "../authenticators/merge.ts";
import type { BundleIssuer } from "../enrolments/bundle.ts";
import { policyOf } from "../policies/applicable.ts";
import type { Db, Tx } from "../store/store.ts";
import type { Random } from "../../words/random.ts";
import { type Machine, machinesThere } from "./machines.ts";
import { issueRevocation } from "./revocations.ts";

export interface FormerName {
  readonly userName: string;
  readonly userId: string;
  /** What the user is called now. */
  readonly holder: string;
  readonly revocationSerial: number | null;
}

/** The oldest first. */
async function formerNamesOn(db: Db, machine: Machine): Promise<FormerName[]> {
  if (machine.holdsFormerNames === 0) return [];
  return db
    .selectFrom("formerNames")
    .innerJoin("users", "users.id", "formerNames.userId")
    .where("formerNames.machineId", "=", machine.id)
    .orderBy("formerNames.atMs")
    .orderBy("formerNames.userId")
    .select([
      "formerNames.userName",
      "formerNames.userId",
      "users.name as holder",
      "formerNames.revocationSerial",
    ])
    .execute();
}

/** Where a user's former names may still be held, by machines that are in use; the first of them with their names. */
export async function heldUnderFormerNames(
  db: Db,
  userId: string,
  most: number,
): Promise<{
  readonly total: number;
  readonly some: { readonly hostname: string; readonly userName: string }[];
}> {
  const held = machinesThere(db)
    .innerJoin("formerNames", "formerNames.machineId", "machines.id")
    .where("formerNames.userId", "=", userId)
    .where("machines.revokedAtMs", "is", null);
  const { total } = await held
    .select(({ fn }) => fn.countAll<number>().as("total"))
    .executeTakeFirstOrThrow();
  const some = await held
    .orderBy("machines.hostname")
    .orderBy("machines.id")
    .orderBy("formerNames.userName")
    .limit(most)
    .select(["machines.hostname", "formerNames.userName"])
    .execute();
  return { total: Number(total), some };
}

/**
 * A user is about to be called something else: every machine that may hold an enrolment under the name is remembered. The
 * machines are not told yet. A machine that was would erase at once what it holds, also what it has not said yet: it is told in
 * the answer to what it says of the name next. Returns how many there are.
 */
export async function leaveName(
  tx: Tx,
  user: { readonly id: string; readonly name: string },
  nowMs: number,
): Promise<number> {
  const rows = await tx
    .selectFrom("enrolments")
    .innerJoin("machines", "machines.id", "enrolments.machineId")
    .leftJoin("revocations", (join) =>
      join
        .onRef("revocations.machineId", "=", "machines.id")
        .onRef("revocations.serial", ">", "machines.revokedThrough")
        .on("revocations.userName", "=", user.name),
    )
    .where("enrolments.userId", "=", user.id)
    .groupBy(["enrolments.machineId", "enrolments.endedAtMs"])
    .orderBy("enrolments.machineId")
    .select(({ fn }) => [
      "enrolments.machineId",
      "enrolments.endedAtMs",
      fn.max("revocations.serial").as("told"),
    ])
    .execute();
  // Where it has ended, what is held is held until the machine has carried that out.
  const held = rows.filter(({ endedAtMs, told }) => endedAtMs === null || told !== null);
  for (const { machineId, endedAtMs, told } of held) {
    const changing = { atMs: nowMs, revocationSerial: endedAtMs === null ? null : Number(told) };
    await tx
      .insertInto("formerNames")
      .values({ machineId, userName: user.name, userId: user.id, ...changing })
      .onConflict((conflict) => conflict.columns(["machineId", "userName", "userId"]).doUpdateSet(changing))
      .execute();
    await tx.updateTable("machines").set({ holdsFormerNames: 1 }).where("id", "=", machineId).execute();
  }
  return held.length;
}

/** Those of one machine, read once and found by name: a machine of thousands may report on all of them in one request. */
export class FormerNames {
  readonly #all: readonly FormerName[];
  readonly #about = new Map<string, FormerName[]>();
  readonly #told: Set<string>;
  readonly #toldNow = new Set<string>();

  constructor(all: readonly FormerName[]) {
    this.#all = all;
    const untold = new Set(all.filter((one) => one.revocationSerial === null).map((one) => one.userName));
    this.#told = new Set(all.map(({ userName }) => userName).filter((name) => !untold.has(name)));
    for (const one of all)
      for (const name of new Set([one.userName, one.holder]))
        this.#about.set(name, [...(this.#about.get(name) ?? []), one]);
  }

  static async on(db: Db, machine: Machine): Promise<FormerNames> {
    return new FormerNames(await formerNamesOn(db, machine));
  }

  get all(): readonly FormerName[] {
    return this.#all;
  }

  /** Of whoever had this name, and of whoever has it and had another one. */
  about(user: string): readonly FormerName[] {
    const name = parseUserName(user);
    return (name.ok ? this.#about.get(name.value) : undefined) ?? [];
  }

  /** Once for each name: true where the machine was not told to drop it. */
  toTell(userName: string): boolean {
    if (this.#told.has(userName)) return false;
    this.#told.add(userName);
    this.#toldNow.add(userName);
    return true;
  }

  /** In the answer to this very request. */
  isToldNow(userName: string): boolean {
    return this.#toldNow.has(userName);
  }
}

/**
 * The machine speaks of a name, or of a user by a new one, and says what was spent there: whoever had the name has spent that, and
 * the machine is told to erase what it holds under it. Before a bundle of whoever has the name now, since serials rise; and in the
 * answer that grants under the new one, or the same code were good once more under the old.
 */
export async function hearFormerName(
  tx: Tx,
  { vault, signingKey }: BundleIssuer,
  random: Random,
  machine: Machine,
  names: FormerNames,
  said: { readonly user: string; readonly spent: readonly Spent[] },
  nowMs: number,
): Promise<void> {
  const held = names.about(said.user);
  for (const userId of new Set(held.map((one) => one.userId))) {
    const place = { userId, machineId: machine.id };
    const { policy } = await policyOf(tx, place);
    const authenticators = await authenticatorsHere(tx, vault, { ...place, policy }, random);
    await mergeAndSave(tx, authenticators, said.spent, nowMs);
  }
  for (const { userName } of held)
    if (names.toTell(userName)) await revokeName(tx, signingKey, machine.id, userName, nowMs);
}

async function revokeName(
  tx: Tx,
  signingKey: Uint8Array,
  machineId: string,
  user: string,
  nowMs: number,
): Promise<void> {
  const serial = await issueRevocation(tx, signingKey, machineId, { scope: "user", user }, nowMs);
  await tx
    .updateTable("formerNames")
    .set({ revocationSerial: serial })
    .where("machineId", "=", machineId)
    .where("userName", "=", user)
    .where("revocationSerial", "is", null)
    .execute();
}

/** The user is disabled or removed: machines erase at their next contact, whatever it is for, also what they hold under these. */
export async function revokeFormerNames(
  tx: Tx,
  signingKey: Uint8Array,
  userId: string,
  nowMs: number,
): Promise<void> {
  const rows = await tx
    .selectFrom("formerNames")
    .innerJoin("machines", "machines.id", "formerNames.machineId")
    .where("formerNames.userId", "=", userId)
    .where("formerNames.revocationSerial", "is", null)
    .where("machines.revokedAtMs", "is", null)
    .orderBy("formerNames.machineId")
    .orderBy("formerNames.userName")
    .select(["formerNames.machineId", "formerNames.userName"])
    .execute();
  for (const { machineId, userName } of rows) await revokeName(tx, signingKey, machineId, userName, nowMs);
}

// The mail to a user whose lease is about to end: one for a lease, however many instances of the server look.

import { sql } from "kysely";
import { dayMs } from "../../words/clock.ts";
import type { Random } from "../../words/random.ts";
import type { Vault } from "../identity/vault.ts";
import { policyOf } from "../policies/applicable.ts";
import { readSetting } from "../settings/settings.ts";
import type { Db, Store, Tx } from "../store/store.ts";
import { languageOf } from "../users/language.ts";
import { addressesOf, isMail } from "./addresses.ts";
import { countWaiting, enqueue, mostWaiting } from "./queue.ts";
import { mailSetting } from "./settings.ts";
import { warningLetter } from "./texts.ts";
import { warningsSetting } from "./warnings-setting.ts";

export interface WarnParts {
  readonly store: Store;
  readonly vault: Vault;
  readonly random: Random;
}

const pageRows = 50;
/** The rest of the queue is left to what people wait for, such as codes. */
const mostQueued = mostWaiting / 2;
const noticePrefix = "lease-end:";

interface Place {
  readonly leaseExpiresAtMs: number;
  readonly machineId: string;
  readonly userId: string;
}

/** What finds no room in the queue is told in a later round. Returns how many mails were queued. */
export async function warnOfLeaseEnds(parts: WarnParts, nowMs: number, stop: AbortSignal): Promise<number> {
  const { store } = parts;
  let queued = 0;
  let after: Place = { leaseExpiresAtMs: 0, machineId: "", userId: "" };
  while (!stop.aborted) {
    const { days } = await readSetting(store.db, warningsSetting);
    const { host } = await readSetting(store.db, mailSetting);
    if (days === 0 || host === "" || (await countWaiting(store.db)) >= mostQueued) break;
    const page = await pageOfDue(store.db, days, nowMs, after);
    const last = page.at(-1);
    if (last === undefined) break;
    queued += await store.write((tx) => warnThem(tx, parts, page, nowMs));
    after = last;
  }
  return queued;
}

async function pageOfDue(db: Db, days: number, nowMs: number, after: Place): Promise<Place[]> {
  return due(db, days, nowMs)
    .select(["enrolments.leaseExpiresAtMs", "enrolments.machineId", "enrolments.userId"])
    .where("enrolments.leaseExpiresAtMs", ">=", after.leaseExpiresAtMs)
    .where((expression) =>
      expression.or([
        expression("enrolments.leaseExpiresAtMs", ">", after.leaseExpiresAtMs),
        expression("enrolments.machineId", ">", after.machineId),
        expression.and([
          expression("enrolments.machineId", "=", after.machineId),
          expression("enrolments.userId", ">", after.userId),
        ]),
      ]),
    )
    .orderBy("enrolments.leaseExpiresAtMs")
    .orderBy("enrolments.machineId")
    .orderBy("enrolments.userId")
    .limit(pageRows)
    .execute();
}

/** Judged anew in this transaction: meanwhile a lease may have been renewed, ended, or told of by another instance. */
async function warnThem(
  tx: Tx,
  { vault, random }: WarnParts,
  page: readonly Place[],
  nowMs: number,
): Promise<number> {
  const { days } = await readSetting(tx, warningsSetting);
  const { language } = await readSetting(tx, mailSetting);
  let queued = 0;
  for (const { machineId, userId } of page) {
    const row = await due(tx, days, nowMs)
      .select(["leaseId", "leaseExpiresAtMs", "users.name as user", "hostname as machine"])
      .where("enrolments.machineId", "=", machineId)
      .where("enrolments.userId", "=", userId)
      .executeTakeFirst();
    if (row === undefined) continue;
    if ((await policyOf(tx, { userId, machineId })).policy.mfa === "exempt") continue;
    const to = (await addressesOf(tx, userId)).find(isMail);
    if (to === undefined) continue;
    const untilMs = row.leaseExpiresAtMs;
    const letter = warningLetter((await languageOf(tx, userId)) ?? language, { ...row, untilMs });
    const message = {
      channel: "mail",
      kind: "lease-end",
      userId,
      recipient: to.address,
      letter,
      lifeMs: untilMs - nowMs,
      urgent: false,
    } as const;
    if (!(await enqueue(tx, vault, message, random, nowMs))) break;
    await tx
      .insertInto("notices")
      .values({ name: noticePrefix + row.leaseId, atMs: nowMs })
      .execute();
    queued += 1;
  }
  return queued;
}

/**
 * Nothing is due of a lease that is no longer than the days before its end: its user would get a mail at each sign-in.
 * Of whom policy exempts is for the caller to say.
 */
function due(db: Db, days: number, nowMs: number) {
  const aheadMs = days * dayMs;
  return db
    .selectFrom("enrolments")
    .innerJoin("users", "users.id", "enrolments.userId")
    .innerJoin("machines", "machines.id", "enrolments.machineId")
    .where("enrolments.endedAtMs", "is", null)
    .where("enrolments.leaseExpiresAtMs", ">", nowMs)
    .where("enrolments.leaseExpiresAtMs", "<=", nowMs + aheadMs)
    .where((expression) =>
      expression(
        expression("enrolments.leaseExpiresAtMs", "-", expression.ref("enrolments.leaseStartedAtMs")),
        ">",
        aheadMs,
      ),
    )
    .where("users.disabledAtMs", "is", null)
    .where("machines.revokedAtMs", "is", null)
    .where("machines.exempt", "=", 0)
    .where(({ exists, selectFrom }) =>
      exists(
        selectFrom("addresses")
          .select("addresses.place")
          .whereRef("addresses.userId", "=", "enrolments.userId")
          .where("addresses.place", "in", ["mail-1", "mail-2"]),
      ),
    )
    .where(({ not, exists, selectFrom, ref }) =>
      not(
        exists(
          selectFrom("notices")
            .select("notices.name")
            .where(
              "notices.name",
              "=",
              sql<string>`${sql.lit(noticePrefix)} || ${ref("enrolments.leaseId")}`,
            ),
        ),
      ),
    );
}

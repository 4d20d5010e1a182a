// Who is signed in to the server's own pages. The browser has 32 random bytes, the database only their hash.

import { createHash, createHmac } from "node:crypto";
import { hourMs, minuteMs } from "../../words/clock.ts";
import type { Random } from "../../words/random.ts";
import type { UserName } from "../../words/user-name.ts";
import type { Role } from "../accounts/roles.ts";
import type { Db, Tx } from "../store/store.ts";

export type SessionKind = "console" | "portal";

/** A session ends when nothing was asked for so long, and in any case so long after its beginning. */
export const sessionLives = {
  console: { idleMs: 15 * minuteMs, wholeMs: 8 * hourMs },
  portal: { idleMs: 15 * minuteMs, wholeMs: 2 * hourMs },
} as const satisfies Record<SessionKind, { idleMs: number; wholeMs: number }>;

/** So long a code that was given counts for what needs one. */
export const confirmedForMs = 5 * minuteMs;

/** The database is written only when the last time kept is so old. */
const seenStepMs = minuteMs;

export interface Session {
  readonly idHash: string;
  readonly kind: SessionKind;
  readonly userId: string;
  readonly userName: UserName;
  readonly role: Role;
  readonly begunAtMs: number;
  readonly lastSeenAtMs: number;
  readonly confirmedAtMs: number;
}

export interface NewSession {
  readonly kind: SessionKind;
  readonly userId: string;
  readonly address: string;
  readonly browser: string;
}

/** The id for the cookie, which nothing can bring back later. Sessions of anybody's that are over are dropped on the way. */
export function beginSession(tx: Tx, wish: NewSession, random: Random, nowMs: number): Promise<string> {
  return keepSession(tx, wish, { begunAtMs: nowMs, confirmedAtMs: nowMs }, random, nowMs);
}

/** In place of one that has just ended in this browser: no younger, and no code was given. */
export function continueSession(
  tx: Tx,
  by: {
    readonly session: Session;
    readonly address: string;
    readonly browser: string;
    readonly nowMs: number;
  },
  random: Random,
): Promise<string> {
  const { session, address, browser, nowMs } = by;
  const { kind, userId } = session;
  return keepSession(tx, { kind, userId, address, browser }, session, random, nowMs);
}

async function keepSession(
  tx: Tx,
  wish: NewSession,
  times: Pick<Session, "begunAtMs" | "confirmedAtMs">,
  random: Random,
  nowMs: number,
): Promise<string> {
  const id = random.bytes(32).toBase64({ alphabet: "base64url", omitPadding: true });
  const longest = Math.max(...Object.values(sessionLives).map((life) => life.idleMs));
  await tx
    .deleteFrom("sessions")
    .where("lastSeenAtMs", "<", nowMs - longest)
    .execute();
  await tx
    .insertInto("sessions")
    .values({
      idHash: hashOf(id),
      userId: wish.userId,
      kind: wish.kind,
      begunAtMs: times.begunAtMs,
      lastSeenAtMs: nowMs,
      confirmedAtMs: times.confirmedAtMs,
      address: wish.address.slice(0, 60),
      browser: wish.browser.slice(0, 200),
    })
    .execute();
  return id;
}

/** Undefined for one that is unknown, over, of the other kind, or of a user who is disabled. The role is today's. */
export async function findSession(
  db: Db,
  kind: SessionKind,
  id: string,
  nowMs: number,
): Promise<Session | undefined> {
  if (!/^[A-Za-z0-9_-]{43}$/.test(id)) return undefined;
  const life = sessionLives[kind];
  const row = await db
    .selectFrom("sessions")
    .innerJoin("users", "users.id", "sessions.userId")
    .leftJoin("accounts", "accounts.userId", "sessions.userId")
    .select([
      "sessions.idHash",
      "sessions.userId",
      "sessions.begunAtMs",
      "sessions.lastSeenAtMs",
      "sessions.confirmedAtMs",
      "users.name",
      "accounts.role",
    ])
    .where("sessions.idHash", "=", hashOf(id))
    .where("sessions.kind", "=", kind)
    .where("sessions.lastSeenAtMs", ">", nowMs - life.idleMs)
    .where("sessions.begunAtMs", ">", nowMs - life.wholeMs)
    .where("users.disabledAtMs", "is", null)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const { name, role, ...rest } = row;
  return { ...rest, kind, userName: name as UserName, role: role ?? "none" };
}

/** Whether `sawSession` has something to write. */
export function isSeenLongAgo(session: Session, nowMs: number): boolean {
  return nowMs - session.lastSeenAtMs >= seenStepMs;
}

export async function sawSession(tx: Tx, session: Session, nowMs: number): Promise<void> {
  await tx
    .updateTable("sessions")
    .set({ lastSeenAtMs: nowMs })
    .where("idHash", "=", session.idHash)
    .execute();
}

/** A code was given: the session goes on under another id. Undefined when it ended meanwhile. */
export async function renewSession(
  tx: Tx,
  session: Session,
  random: Random,
  nowMs: number,
): Promise<string | undefined> {
  const id = random.bytes(32).toBase64({ alphabet: "base64url", omitPadding: true });
  const done = await tx
    .updateTable("sessions")
    .set({ idHash: hashOf(id), lastSeenAtMs: nowMs, confirmedAtMs: nowMs })
    .where("idHash", "=", session.idHash)
    .executeTakeFirst();
  return done.numUpdatedRows === 1n ? id : undefined;
}

/** False once it was ended, or goes on under another id. */
export async function isOpen(tx: Tx, session: Session): Promise<boolean> {
  const row = await tx
    .selectFrom("sessions")
    .select("idHash")
    .where("idHash", "=", session.idHash)
    .executeTakeFirst();
  return row !== undefined;
}

export async function endSession(tx: Tx, session: Session): Promise<void> {
  await tx.deleteFrom("sessions").where("idHash", "=", session.idHash).execute();
}

/** Of every kind, in every browser. */
export async function endSessionsOf(tx: Tx, userId: string): Promise<void> {
  await tx.deleteFrom("sessions").where("userId", "=", userId).execute();
}

/** What forms of this session carry: bound to its id, so that nothing more has to be kept, and another's is worth nothing. */
export function formToken(id: string): string {
  const key = Buffer.from(id, "ascii");
  return createHmac("sha256", key).update("nightlatch/form/1").digest("base64url");
}

/** The id has 256 bits of chance: a fast hash is enough. */
function hashOf(id: string): string {
  return createHash("sha256").update(id, "ascii").digest("base64");
}

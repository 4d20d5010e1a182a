// What somebody is given to be answered on the server's own pages, who proves themselves by responses. Each belongs to one
// place: a sign-in that was begun, a session, a one-time link. Nothing is looked up about the user where they are not known yet:
// everybody gets one, and it looks the same.

import { createHash } from "node:crypto";
import { challengeLifeMs, nextChallenge } from "../../otp/challenge.ts";
import type { Clock } from "../../words/clock.ts";
import type { Random } from "../../words/random.ts";
import { parseUserName } from "../../words/user-name.ts";
import { prefixOf } from "../listen/request-limit.ts";
import type { Db, Store, Tx } from "../store/store.ts";
import type { PageAsker } from "../store/tables.ts";
import type { Challenge } from "../verification/judge.ts";
import type { Session } from "./sessions.ts";

/**
 * Of one address; beyond that its oldest go, so that nobody fills the table by naming users. As many as it may ask for in the
 * ten minutes that they last: who has them go by naming others gains no more than who waits.
 */
export const mostOfAddress = 6_000;

export interface Place {
  readonly name: string;
  readonly asker: PageAsker;
}

/** `id`: what the browser keeps in its form, and nobody else knows. */
export function signInPlace(area: string, id: string): Place {
  return { name: `sign-in ${area} ${hashOf(id)}`, asker: "stranger" };
}

export function sessionPlace({ idHash }: Session): Place {
  return { name: `session ${idHash}`, asker: "session" };
}

export function linkPlace({ idHash }: { readonly idHash: string }): Place {
  return { name: `link ${idHash}`, asker: "link" };
}

export function newPlaceId(random: Random): string {
  return random.bytes(32).toBase64({ alphabet: "base64url", omitPadding: true });
}

interface Asked {
  readonly place: Place;
  readonly user: string;
  readonly address: string;
}

/**
 * The digits, the same as long as nobody has answered them there. At most eight of one user's are unanswered, of strangers, sessions
 * and links apart: whoever has seen responses can't ask on until a challenge comes up that was answered before.
 */
export async function givePageChallenge(
  tx: Tx,
  { place, user, address }: Asked,
  random: Random,
  nowMs: number,
): Promise<string> {
  await tx
    .deleteFrom("pageChallenges")
    .where("givenAtMs", "<=", nowMs - challengeLifeMs)
    .execute();
  const known = await tx
    .selectFrom("pageChallenges")
    .select("digits")
    .where("place", "=", place.name)
    .executeTakeFirst();
  // A place is one user's: who says that it is another's, too, reads the same and can't answer it.
  if (known !== undefined) return known.digits;
  const userName = nameOf(user);
  const given = await tx
    .selectFrom("pageChallenges")
    .select(({ fn }) => ["digits", "drawnAtMs", fn.max("givenAtMs").as("givenAtMs")])
    .where("userName", "=", userName)
    .where("asker", "=", place.asker)
    .groupBy(["digits", "drawnAtMs"])
    .orderBy("digits")
    .execute();
  const open = given.map((one) => ({ ...one, givenAtMs: Number(one.givenAtMs) }));
  const row = {
    userName,
    asker: place.asker,
    address: prefixOf(address),
    ...nextChallenge(open, random, nowMs),
  };
  await tx
    .insertInto("pageChallenges")
    .values({ place: place.name, ...row })
    .execute();
  await keepFewOf(tx, row.address);
  return row.digits;
}

/**
 * For somebody who is known by then, as long as it is good the same one; undefined for a user who has nothing that answers one.
 * The database is written only when a new one is drawn.
 */
export async function challengeAt(
  { store, random, clock }: { readonly store: Store; readonly random: Random; readonly clock: Clock },
  place: Place,
  user: { readonly id: string; readonly name: string },
  address: string,
): Promise<string | undefined> {
  if (!(await answersChallenges(store.db, user.id))) return undefined;
  const open = await openAt(store.db, place, user.name, clock.wallMs());
  if (open !== undefined) return open;
  const asked = { place, user: user.name, address };
  return store.write((tx) => givePageChallenge(tx, asked, random, clock.wallMs()));
}

async function openAt(db: Db, place: Place, user: string, nowMs: number): Promise<string | undefined> {
  const row = await db
    .selectFrom("pageChallenges")
    .select("digits")
    .where("place", "=", place.name)
    .where("userName", "=", nameOf(user))
    .where("givenAtMs", ">", nowMs - challengeLifeMs)
    .executeTakeFirst();
  return row?.digits;
}

/** For the one judgement, which ends it, right or wrong: in every place that shows the same one. Known or not, the user. */
export async function takePageChallenge(
  tx: Tx,
  place: Place,
  user: string,
  nowMs: number,
): Promise<Challenge | undefined> {
  const ofUser = tx
    .deleteFrom("pageChallenges")
    .where("userName", "=", nameOf(user))
    .where("asker", "=", place.asker);
  const taken = await ofUser
    .where("place", "=", place.name)
    .returning(["digits", "drawnAtMs", "givenAtMs"])
    .executeTakeFirst();
  if (taken === undefined) return undefined;
  const { digits, drawnAtMs, givenAtMs } = taken;
  await ofUser.where("digits", "=", digits).execute();
  return givenAtMs > nowMs - challengeLifeMs ? { digits, drawnAtMs } : undefined;
}

async function keepFewOf(tx: Tx, address: string): Promise<void> {
  const tooMany = await tx
    .selectFrom("pageChallenges")
    .select("place")
    .where("address", "=", address)
    .where("asker", "=", "stranger")
    .orderBy("givenAtMs", "desc")
    .orderBy("place")
    .offset(mostOfAddress)
    .limit(mostOfAddress)
    .execute();
  if (tooMany.length === 0) return;
  const places = tooMany.map(({ place }) => place);
  await tx.deleteFrom("pageChallenges").where("place", "in", places).execute();
}

async function answersChallenges(db: Db, userId: string): Promise<boolean> {
  const row = await db
    .selectFrom("authenticators")
    .select("id")
    .where("userId", "=", userId)
    .where("type", "=", "ocra")
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

function nameOf(user: string): string {
  const parsed = parseUserName(user);
  return parsed.ok ? parsed.value : user.slice(0, 256);
}

function hashOf(id: string): string {
  return createHash("sha256").update(id.slice(0, 100), "utf8").digest("base64");
}

// What a dialogue is given to be answered, for users who prove themselves by responses. Drawn here, since whoever judges has
// to know that nobody could choose it; kept until it is judged, or for ten minutes. Nothing is looked up about the user:
// everybody gets one.

import { challengeLifeMs, nextChallenge } from "../../otp/challenge.ts";
import type { RequestOf } from "../../protocol/sync/exchanges.ts";
import type { Random } from "../../words/random.ts";
import { parseUserName } from "../../words/user-name.ts";
import { send } from "../store/send.ts";
import { statement } from "../store/statement.ts";
import type { Tx } from "../store/store.ts";
import type { Challenge } from "./judge.ts";

type Wish = Pick<RequestOf<"challenge">, "dialogue" | "user" | "caller">;

/** A dialogue has one, and is one user's: a machine that says it is another's, too, gets nothing by that. */
export async function giveChallenge(
  tx: Tx,
  machine: { readonly id: string },
  { dialogue, user, caller }: Wish,
  random: Random,
  nowMs: number,
): Promise<Challenge> {
  await send(
    tx,
    tx
      .deleteFrom("challenges")
      .where("machineId", "=", machine.id)
      .where("givenAtMs", "<=", nowMs - challengeLifeMs),
  );
  const known = await tx
    .selectFrom("challenges")
    .select(["digits", "drawnAtMs"])
    .where("machineId", "=", machine.id)
    .where("dialogue", "=", dialogue)
    .executeTakeFirst();
  if (known !== undefined) return known;
  const userName = nameOf(user);
  const given = await tx
    .selectFrom("challenges")
    .select(({ fn }) => ["digits", "drawnAtMs", fn.max("givenAtMs").as("givenAtMs")])
    .where("machineId", "=", machine.id)
    .where("userName", "=", userName)
    .where("caller", "=", caller)
    .groupBy(["digits", "drawnAtMs"])
    .orderBy("digits")
    .execute();
  const open = given.map((one) => ({ ...one, givenAtMs: Number(one.givenAtMs) }));
  const challenge = nextChallenge(open, random, nowMs);
  const row = { machineId: machine.id, dialogue, userName, caller, ...challenge };
  await send(tx, tx.insertInto("challenges").values(row));
  return challenge;
}

/**
 * The challenge of this dialogue and user, which is over by that, whatever is judged: also for all other dialogues that were
 * given it. Known or not, the user.
 */
export async function takeChallenge(
  tx: Tx,
  machine: { readonly id: string },
  dialogue: string,
  user: string,
  nowMs: number,
): Promise<Challenge | undefined> {
  const userName = nameOf(user);
  const taken = await takenAt.first(tx, machine.id, userName, dialogue);
  if (taken === undefined) return undefined;
  const { caller, digits, drawnAtMs, givenAtMs } = taken;
  await send(
    tx,
    tx
      .deleteFrom("challenges")
      .where("machineId", "=", machine.id)
      .where("userName", "=", userName)
      .where("caller", "=", caller)
      .where("digits", "=", digits),
  );
  return givenAtMs > nowMs - challengeLifeMs ? { digits, drawnAtMs } : undefined;
}

const takenAt = statement((db, machineId: string, userName: string, dialogue: string) =>
  db
    .deleteFrom("challenges")
    .where("machineId", "=", machineId)
    .where("userName", "=", userName)
    .where("dialogue", "=", dialogue)
    .returning(["caller", "digits", "drawnAtMs", "givenAtMs"]),
);

function nameOf(user: string): string {
  const parsed = parseUserName(user);
  return parsed.ok ? parsed.value : user;
}

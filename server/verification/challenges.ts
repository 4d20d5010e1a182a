// What a dialogue is given to be answered, for users who prove themselves by responses. Drawn here, since whoever judges has
// to know that nobody could choose it; kept until it is judged, or for ten minutes. Nothing is looked up about the user:
// everybody gets one.

import { challengeLifeMs, challengeOf } from "../../otp/challenge.ts";
import type { RequestOf } from "../../protocol/sync/exchanges.ts";
import type { Random } from "../../words/random.ts";
import { parseUserName } from "../../words/user-name.ts";
import type { Tx } from "../store/store.ts";
import type { Challenge } from "./judge.ts";

type Wish = Pick<RequestOf<"challenge">, "dialogue" | "user" | "caller">;

export async function giveChallenge(
  tx: Tx,
  machine: { readonly id: string },
  { dialogue, user, caller }: Wish,
  random: Random,
  nowMs: number,
): Promise<string> {
  const parsed = parseUserName(user);
  const userName = parsed.ok ? parsed.value : user;
  await tx
    .deleteFrom("challenges")
    .where("machineId", "=", machine.id)
    .where("givenAtMs", "<=", nowMs - challengeLifeMs)
    .execute();
  const given = await tx
    .selectFrom("challenges")
    .select(["dialogue", "digits", "givenAtMs"])
    .where("machineId", "=", machine.id)
    .where("userName", "=", userName)
    .where("caller", "=", caller)
    .orderBy("givenAtMs")
    .orderBy("dialogue")
    .execute();
  const { challenge, takenFrom } = challengeOf(dialogue, given, random, nowMs);
  if (takenFrom !== undefined) await remove(tx, machine.id, takenFrom).execute();
  const { digits, givenAtMs } = challenge;
  // A machine may say of one dialogue that it is two users': it is the last one's.
  const row = { userName, caller, digits, givenAtMs };
  await tx
    .insertInto("challenges")
    .values({ machineId: machine.id, dialogue, ...row })
    .onConflict((conflict) => conflict.columns(["machineId", "dialogue"]).doUpdateSet(row))
    .execute();
  return digits;
}

/** The challenge of this dialogue and user, which is over by that, whatever is judged. */
export async function takeChallenge(
  tx: Tx,
  machine: { readonly id: string },
  dialogue: string,
  user: { readonly name: string },
  nowMs: number,
): Promise<Challenge | undefined> {
  return remove(tx, machine.id, dialogue)
    .where("userName", "=", user.name)
    .where("givenAtMs", ">", nowMs - challengeLifeMs)
    .returning(["digits", "givenAtMs"])
    .executeTakeFirst();
}

function remove(tx: Tx, machineId: string, dialogue: string) {
  return tx.deleteFrom("challenges").where("machineId", "=", machineId).where("dialogue", "=", dialogue);
}

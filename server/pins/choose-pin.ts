// A user chooses a PIN: a first one with the code that was just given, another one with the present PIN as well.

import { type PinFault, pinFault } from "../../otp/pin.ts";
import type { Random } from "../../words/random.ts";
import type { Vault } from "../identity/vault.ts";
import { tellOfChange } from "../provisioning/letters.ts";
import type { Acting } from "../sessions/acting.ts";
import type { WayInParts } from "../sessions/guesses.ts";
import { continueSession, endSessionsOf } from "../sessions/sessions.ts";
import type { Tx } from "../store/store.ts";
import { theUserById, type User } from "../users/users.ts";
import { changedPin, freshPin, type PinDemand, pinRulesOf } from "./new-pin.ts";
import { countPinFailure, keepPin, lockName, type NewPin, type Pin, pinOf, resetPin } from "./pins.ts";

export interface PinWish {
  /** Nothing, where there is none yet. */
  readonly old: string;
  readonly fresh: string;
  readonly repeated: string;
}

export type PinOutcome =
  /** The session that goes on; all others of the user have ended. */
  | { readonly kind: "set"; readonly id: string }
  | { readonly kind: "wrong"; readonly fault: PinFault | "pin-same" | "pin-differ" | "pin-old-wrong" }
  | { readonly kind: "not-asked" | "locked" | "busy" };

type Parts = Omit<WayInParts, "clock">;

/** @throws Failure when the session has ended meanwhile. */
export async function choosePin(parts: Parts, asking: Acting, wish: PinWish): Promise<PinOutcome> {
  const { store, vault, random, lane } = parts;
  const { userId } = asking.session;
  const demand = await pinRulesOf(store.db, userId);
  if (demand === undefined) return { kind: "not-asked" };
  const fault = pinFault(wish.fresh, demand);
  if (fault !== undefined) return { kind: "wrong", fault };
  if (wish.repeated !== wish.fresh) return { kind: "wrong", fault: "pin-differ" };
  if (wish.fresh === wish.old) return { kind: "wrong", fault: "pin-same" };
  const present = await pinOf(store.db, vault, userId);
  const made = await lane.pass(userId, async () =>
    present === undefined ? freshPin(wish.fresh, random) : changedPin(present, wish.old, wish.fresh),
  );
  if (made === undefined) return { kind: "busy" };
  return asking.write((tx) => keep(tx, parts, asking, demand, present, made.value));
}

async function keep(
  tx: Tx,
  { vault, random }: Parts,
  asking: Acting,
  { attempts }: PinDemand,
  before: Pin | undefined,
  made: NewPin | undefined,
): Promise<PinOutcome> {
  const { session, nowMs } = asking;
  const user = await theUserById(tx, session.userId);
  const present = await pinOf(tx, vault, user.id);
  // Those in flight at once are no free guesses.
  if (present !== undefined && present.lockedAtMs !== null) return { kind: "locked" };
  // The one that was compared is the one that holds.
  const same = (before && lockName(before.lock)) === (present && lockName(present.lock));
  if (!same) return { kind: "wrong", fault: "pin-old-wrong" };
  const post = { vault, random };
  if (made === undefined) {
    if (present === undefined) throw new Error("a first PIN needs no other one");
    const counted = await countPinFailure(tx, user, present, attempts, nowMs);
    if (counted === "locked") await tellOfChange(tx, post, user, { kind: "pin-locked" }, nowMs);
    return counted === "locked" ? { kind: "locked" } : { kind: "wrong", fault: "pin-old-wrong" };
  }
  await givePin(tx, post, user, made, false, nowMs);
  return { kind: "set", id: await continueSession(tx, asking, random) };
}

/** Sessions end, and the user is told: whoever had the one before has nothing any more. */
export async function givePin(
  tx: Tx,
  parts: { readonly vault: Vault; readonly random: Random },
  user: User,
  made: NewPin,
  mustChange: boolean,
  nowMs: number,
): Promise<void> {
  await keepPin(tx, parts.vault, user, made, mustChange, nowMs);
  await endSessionsOf(tx, user.id);
  await tellOfChange(tx, parts, user, { kind: "pin-set" }, nowMs);
}

/** As whoever helps does it: sessions end, and the user is told. @throws Failure when there is none. */
export async function takePinAway(
  tx: Tx,
  parts: { readonly vault: Vault; readonly random: Random },
  userId: string,
  nowMs: number,
): Promise<void> {
  const user = await theUserById(tx, userId);
  await resetPin(tx, user, nowMs);
  await endSessionsOf(tx, user.id);
  await tellOfChange(tx, parts, user, { kind: "pin-reset" }, nowMs);
}

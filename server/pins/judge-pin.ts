// A PIN beside the code: one answer, one judgement. The slow part is done before the transaction, the same for users with a PIN,
// without one, and for those who don't exist.

import { normaliseDigits } from "../../otp/code.ts";
import { isPinKey, maskSeed, openPin, type PinLock, pinCost, pinSaltBytes } from "../../otp/pin-lock.ts";
import { leastPinLength, mostPinLength, type PinPlace } from "../../otp/pin.ts";
import type { Policy } from "../../protocol/sync/policy.ts";
import type { Random } from "../../words/random.ts";
import type { Vault } from "../identity/vault.ts";
import { tellOfChange } from "../provisioning/letters.ts";
import type { Db, Tx } from "../store/store.ts";
import type { User } from "../users/users.ts";
import type { Answer, Judgement, PinWanted } from "../verification/judge.ts";
import { countPinFailure, forgetPinFailures, lockName, type Pin, pinOf, pinState } from "./pins.ts";

/** What an answer has where the PIN of this lock would stand. */
export interface TypedPin {
  readonly lock: string;
  /** What it opens. */
  readonly key: Uint8Array;
}

/** For whoever has no PIN: the hash takes as long, and comes to nothing. */
const nobodys: PinLock = {
  salt: new Uint8Array(pinSaltBytes),
  difference: new Uint8Array(mostPinLength),
  cost: pinCost,
};

/** One Argon2id hash for each text, whatever it is, and whether or not this user is asked for a PIN. */
export async function hashTypedPins(
  db: Db,
  vault: Vault,
  userId: string | undefined,
  place: PinPlace,
  texts: readonly string[],
): Promise<(TypedPin | undefined)[]> {
  const pin = userId === undefined || place === "none" ? undefined : await pinOf(db, vault, userId);
  const length = pin?.length ?? leastPinLength;
  const typed: (TypedPin | undefined)[] = [];
  for (const text of texts) {
    const whole = normaliseDigits(text);
    const part = place === "after" ? whole.slice(-length) : whole.slice(0, length);
    const key = await openPin(part, pin?.lock ?? nobodys);
    typed.push(pin && { lock: lockName(pin.lock), key });
  }
  return typed;
}

/** What policy wants beside this user's codes, and what there is. */
export interface PinRule {
  readonly place: PinPlace;
  readonly attempts: number;
  /** Undefined also where none is asked for. */
  readonly pin: Pin | undefined;
}

export async function pinRule(
  db: Db,
  vault: Vault,
  userId: string,
  { pin: { place, attempts } }: Policy,
): Promise<PinRule> {
  return { place, attempts, pin: place === "none" ? undefined : await pinOf(db, vault, userId) };
}

/** Undefined: codes stand alone. So do those of users who have no PIN yet: `lacksPin` says what they are worth. */
export function pinWanted({ place, pin }: PinRule): PinWanted | undefined {
  if (place === "none" || pin === undefined) return undefined;
  const holds = pin.lockedAtMs === null;
  const keyOf = (typed: string, { pin: found }: Answer) =>
    typed.length === pin.length && found?.lock === lockName(pin.lock) ? found.key : undefined;
  return {
    place,
    isRight: (typed, answer) => holds && isPinKey(keyOf(typed, answer) ?? new Uint8Array(), pin.key),
    seedBy(typed, answer, secret) {
      const key = keyOf(typed, answer);
      return key && maskSeed(key, maskSeed(pin.key, secret));
    },
  };
}

/** Policy asks for a PIN, and the user has none of their own yet: a right code opens the portal, and nothing else. */
export function lacksPin({ place, pin }: PinRule): boolean {
  return place !== "none" && (pin === undefined || pin.mustChange);
}

/** The PIN that this user's seeds leave the server under. Undefined where none is asked for, and where there is none that counts. */
export async function offlinePin(
  db: Db,
  vault: Vault,
  userId: string,
  policy: Policy,
): Promise<Pin | undefined> {
  const { pin } = await pinRule(db, vault, userId, policy);
  return pinState(pin) === "set" ? pin : undefined;
}

/**
 * Counts what was judged. A wrong PIN has a count of its own, and only a right code gives it a try; or the code that goes with it
 * in a state that somebody has opened: a guess at nothing but the PIN.
 */
export async function settlePin(
  tx: Tx,
  parts: { readonly vault: Vault; readonly random: Random },
  user: User,
  { pin, attempts }: PinRule,
  judgement: Pick<Judgement, "pin">,
  nowMs: number,
): Promise<void> {
  if (pin === undefined) return;
  if (judgement.pin === "right") await forgetPinFailures(tx, pin);
  if (judgement.pin !== "wrong" && judgement.pin !== "opened") return;
  if ((await countPinFailure(tx, user, pin, attempts, nowMs)) === "locked")
    await tellOfChange(tx, parts, user, { kind: "pin-locked" }, nowMs);
}

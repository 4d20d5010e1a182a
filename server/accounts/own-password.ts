// Somebody who is signed in gives themselves another password, by the present one. All their sessions end; this browser goes
// on in one that is no younger, and in which no code was given since.

import { lookAlikeKey } from "../../words/user-name.ts";
import { tellOfChange } from "../provisioning/letters.ts";
import type { Acting } from "../sessions/acting.ts";
import type { PasswordWayParts } from "../sessions/guesses.ts";
import { continueSession } from "../sessions/sessions.ts";
import { blockedUntil, countFailure, throttlesOf } from "../sessions/throttle.ts";
import { theUser } from "../users/users.ts";
import { accountOf, openPassword, setPassword } from "./accounts.ts";
import { checkPassword, isPassword, keepPassword } from "./password.ts";

export interface PasswordWish {
  /** Not looked at where there is none yet. */
  readonly old: string;
  readonly fresh: string;
  readonly repeated: string;
}

export type PasswordOutcome =
  /** `id` goes into the cookie. */
  | { readonly kind: "changed"; readonly id: string }
  | { readonly kind: "weak"; readonly why: string }
  | { readonly kind: "differs" | "old-wrong" | "busy" }
  | { readonly kind: "wait"; readonly untilMs: number };

/** @throws Failure when the session has ended meanwhile. */
export async function changeOwnPassword(
  { store, vault, random, lane, passwordCost }: Omit<PasswordWayParts, "clock">,
  asking: Acting,
  wish: PasswordWish,
): Promise<PasswordOutcome> {
  const { session, nowMs } = asking;
  const fresh = checkPassword(wish.fresh, session.userName);
  if (!fresh.ok) return { kind: "weak", why: fresh.error };
  if (wish.repeated.normalize("NFC") !== fresh.value) return { kind: "differs" };
  const throttled = throttlesOf(vault, lookAlikeKey(session.userName), asking.address);
  const waitUntil = await blockedUntil(store.db, throttled, nowMs);
  if (waitUntil !== undefined) return { kind: "wait", untilMs: waitUntil };
  const { sealedPassword } = await accountOf(store.db, session.userId);
  const isRight = async () =>
    sealedPassword === null ||
    isPassword(wish.old, openPassword(vault, session.userId, sealedPassword), passwordCost);
  const prepared = await lane.pass(session.userId, async () =>
    (await isRight()) ? keepPassword(fresh.value, passwordCost, random) : undefined,
  );
  if (prepared === undefined) return { kind: "busy" };
  const kept = prepared.value;
  return asking.write(async (tx): Promise<PasswordOutcome> => {
    // Those in flight at once are no free guesses.
    const untilMs = await blockedUntil(tx, throttled, nowMs);
    if (untilMs !== undefined) return { kind: "wait", untilMs };
    const user = await theUser(tx, session.userName);
    // The one that was compared is the one that holds.
    const same = (await accountOf(tx, user.id)).sealedPassword === sealedPassword;
    if (kept === undefined || !same) {
      await countFailure(tx, throttled, nowMs);
      return { kind: "old-wrong" };
    }
    await setPassword(tx, vault, user, kept, nowMs);
    await tellOfChange(tx, { vault, random }, user, { kind: "password-changed" }, nowMs);
    return { kind: "changed", id: await continueSession(tx, asking, random) };
  });
}

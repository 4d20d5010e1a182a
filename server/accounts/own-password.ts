// Somebody who is signed in gives themselves another password, by the present one. All their sessions end; this browser goes
// on in one that is no younger, and in which no code was given since.

import type { Random } from "../../words/random.ts";
import { lookAlikeKey } from "../../words/user-name.ts";
import type { Vault } from "../identity/vault.ts";
import { tellOfChange } from "../provisioning/letters.ts";
import type { Acting } from "../sessions/acting.ts";
import { continueSession, type Session } from "../sessions/sessions.ts";
import { SlowLane } from "../sessions/slow-lane.ts";
import { blockedUntil, countFailure, throttlesOf } from "../sessions/throttle.ts";
import type { Store } from "../store/store.ts";
import { theUser } from "../users/users.ts";
import { accountOf, openPassword, setPassword } from "./accounts.ts";
import { checkPassword, isPassword, keepPassword, type PasswordCost } from "./password.ts";

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

export class OwnPasswords {
  readonly #store: Store;
  readonly #vault: Vault;
  readonly #random: Random;
  readonly #cost: PasswordCost;
  readonly #lane = new SlowLane();

  constructor(parts: { store: Store; vault: Vault; random: Random; passwordCost: PasswordCost }) {
    this.#store = parts.store;
    this.#vault = parts.vault;
    this.#random = parts.random;
    this.#cost = parts.passwordCost;
  }

  /** @throws Failure when the session has ended meanwhile. */
  async change(asking: Acting, wish: PasswordWish): Promise<PasswordOutcome> {
    const { session, nowMs } = asking;
    const fresh = checkPassword(wish.fresh, session.userName);
    if (!fresh.ok) return { kind: "weak", why: fresh.error };
    if (wish.repeated.normalize("NFC") !== fresh.value) return { kind: "differs" };
    const { db } = this.#store;
    const throttled = throttlesOf(this.#vault, lookAlikeKey(session.userName), asking.address);
    const waitUntil = await blockedUntil(db, throttled, nowMs);
    if (waitUntil !== undefined) return { kind: "wait", untilMs: waitUntil };
    const { sealedPassword } = await accountOf(db, session.userId);
    const prepared = await this.#lane.pass(async () =>
      (await this.#isRight(session, sealedPassword, wish.old))
        ? keepPassword(fresh.value, this.#cost, this.#random)
        : undefined,
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
      await setPassword(tx, this.#vault, user, kept, nowMs);
      const post = { vault: this.#vault, random: this.#random };
      await tellOfChange(tx, post, user, { kind: "password-changed" }, nowMs);
      return { kind: "changed", id: await continueSession(tx, asking, this.#random) };
    });
  }

  async #isRight(session: Session, sealed: string | null, typed: string): Promise<boolean> {
    if (sealed === null) return true;
    return isPassword(typed, openPassword(this.#vault, session.userId, sealed), this.#cost);
  }
}

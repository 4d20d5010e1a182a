// Somebody without an authenticator adds a first one: by a password or the code on the screen of a sign-in, by a mailed code,
// or by both, as the admin has set it. What they get for it is an invitation of half an hour, the same as an admin's, so that
// there is one way to finish.

import { minuteMs } from "../../words/clock.ts";
import { lookAlikeKey } from "../../words/user-name.ts";
import { accountOf, openPassword } from "../accounts/accounts.ts";
import { isPassword } from "../accounts/password.ts";
import { record, serverEntry } from "../audit/audit.ts";
import { addressAsks } from "../mail/code-limits.ts";
import { Guesses, type PasswordWayParts, throttlesOfTyped } from "../sessions/guesses.ts";
import { countFailure, forgetFailures, userThrottle } from "../sessions/throttle.ts";
import { readSetting } from "../settings/settings.ts";
import type { Tx } from "../store/store.ts";
import { findUser, theUserById, type User } from "../users/users.ts";
import { askMailCode } from "./ask-mail-code.ts";
import { judgeHandOver, placeOf, placeText, type SignInPlace, spendHandOver } from "./hand-over.ts";
import { createInvitation, type InvitationWish } from "./invitations.ts";
import { judgeMailCode, spendMailCode } from "./mail-codes.ts";
import { countRequest } from "./mail-throttle.ts";
import { provisioningSetting } from "./provisioning-setting.ts";
import { mayEarnInvitation } from "./who-may.ts";

const earnedForMs = 30 * minuteMs;

export interface FirstAsk {
  readonly name: string;
  /** Empty: the user has none, or says so. */
  readonly password: string;
  readonly address: string;
}

export interface HandOverAsk {
  readonly name: string;
  /** From the screen of the sign-in. */
  readonly code: string;
  readonly address: string;
}

export type FirstOutcome =
  /** Go on with the invitation of this secret. */
  | { readonly kind: "invited"; readonly secret: string }
  /** A code was mailed, or nobody is to know that none was. */
  | { readonly kind: "asked"; readonly id: string }
  | { readonly kind: "refused" }
  | { readonly kind: "wait"; readonly untilMs: number }
  | { readonly kind: "busy" };

export class FirstAuthenticators {
  readonly #parts: PasswordWayParts;
  readonly #guesses: Guesses;

  constructor(parts: PasswordWayParts) {
    this.#parts = parts;
    this.#guesses = new Guesses(parts);
  }

  async ask(wish: FirstAsk): Promise<FirstOutcome> {
    const throttled = this.#throttles(wish.name, wish.address);
    const prepare = () => this.#isRight(wish);
    return this.#guesses.prepared(throttled, prepare, async (tx, compared, nowMs): Promise<FirstOutcome> => {
      const setting = await readSetting(tx, provisioningSetting);
      const user = await findUser(tx, wish.name);
      const { sealedPassword } = user === undefined ? { sealedPassword: null } : await accountOf(tx, user.id);
      // The password that was compared is the one that holds; who has none may leave it empty.
      const proved =
        sealedPassword === null ? wish.password === "" : compared.right && compared.sealed === sealedPassword;
      const eligible = user !== undefined && proved && (await mayEarnInvitation(tx, user));
      // Also a right password, unless the answer shows that it was right: else the waits would tell it from a wrong one. It
      // is forgotten with the code that is typed. An empty one is no guess.
      if (wish.password !== "" && (setting.mailCode || !eligible)) await countFailure(tx, throttled, nowMs);
      if (wish.password !== "" && !setting.mailCode) {
        await this.#note(tx, user, eligible ? "granted" : "denied", wish.address, nowMs);
        if (!eligible) return { kind: "refused" };
        return { kind: "invited", secret: await this.#invite(tx, { user, origin: "self" }, nowMs) };
      }
      const waitForMail = await countRequest(tx, this.#parts.vault, wish, nowMs);
      if (waitForMail !== undefined) return { kind: "wait", untilMs: waitForMail };
      return {
        kind: "asked",
        id: await this.#mail(tx, eligible ? user : undefined, undefined, wish.address, nowMs),
      };
    });
  }

  /** Where a code is mailed first, what follows may also be finished here; otherwise in that sign-in alone. */
  async goOn(wish: HandOverAsk): Promise<FirstOutcome> {
    const throttled = this.#throttles(wish.name, wish.address);
    return this.#guesses.atOnce(throttled, async (tx, nowMs): Promise<FirstOutcome> => {
      const user = await findUser(tx, wish.name);
      const place = user && (await judgeHandOver(tx, this.#parts.vault, user.id, wish.code, nowMs));
      if (user === undefined || place === undefined || !(await mayEarnInvitation(tx, user))) {
        await countFailure(tx, throttled, nowMs);
        await this.#note(tx, user, "denied", wish.address, nowMs);
        return { kind: "refused" };
      }
      const { mailCode: mailed } = await readSetting(tx, provisioningSetting);
      const waitForMail = mailed ? await countRequest(tx, this.#parts.vault, wish, nowMs) : undefined;
      if (waitForMail !== undefined) return { kind: "wait", untilMs: waitForMail };
      await spendHandOver(tx, user.id);
      if (mailed) return { kind: "asked", id: await this.#mail(tx, user, place, wish.address, nowMs) };
      await this.#note(tx, user, "granted", wish.address, nowMs);
      return { kind: "invited", secret: await this.#invite(tx, { user, origin: "sign-in", place }, nowMs) };
    });
  }

  async finish(given: {
    readonly id: string;
    readonly code: string;
    readonly address: string;
  }): Promise<FirstOutcome> {
    const throttled = this.#throttles("", given.address);
    return this.#guesses.atOnce(throttled, async (tx, nowMs): Promise<FirstOutcome> => {
      const right = await judgeMailCode(
        tx,
        this.#parts.vault,
        given.id,
        "first-authenticator",
        given.code,
        nowMs,
      );
      const from = right && fromDetail(right.detail);
      const user = right && (await theUserById(tx, right.userId));
      if (from === undefined || user === undefined || !(await mayEarnInvitation(tx, user))) {
        await countFailure(tx, throttled, nowMs);
        await this.#note(tx, user, "denied", given.address, nowMs);
        return { kind: "refused" };
      }
      await spendMailCode(tx, given.id);
      await forgetFailures(tx, userThrottle(this.#parts.vault, lookAlikeKey(user.name)));
      await this.#note(tx, user, "granted", given.address, nowMs);
      return { kind: "invited", secret: await this.#invite(tx, { user, origin: "self", ...from }, nowMs) };
    });
  }

  async #mail(
    tx: Tx,
    user: User | undefined,
    place: SignInPlace | undefined,
    address: string,
    nowMs: number,
  ): Promise<string> {
    const to = { user, detail: detailOf(place), by: addressAsks(address) };
    return (await askMailCode(tx, this.#parts, { ...to, purpose: "first-authenticator" }, nowMs)).id;
  }

  #invite(tx: Tx, wish: Omit<InvitationWish, "forMs">, nowMs: number): Promise<string> {
    return createInvitation(tx, { ...wish, forMs: earnedForMs }, this.#parts.random, nowMs);
  }

  /** The same work for every name, known or not. */
  async #isRight({ name, password }: FirstAsk): Promise<{ right: boolean; sealed: string | null }> {
    const { db } = this.#parts.store;
    const user = await findUser(db, name);
    const sealed = user === undefined ? null : (await accountOf(db, user.id)).sealedPassword;
    const kept =
      user === undefined || sealed === null ? undefined : openPassword(this.#parts.vault, user.id, sealed);
    return { right: await isPassword(password, kept, this.#parts.passwordCost), sealed };
  }

  #throttles(name: string, address: string) {
    const both = throttlesOfTyped(this.#parts.vault, name, address);
    return name === "" ? both.slice(1) : both;
  }

  async #note(
    tx: Tx,
    user: User | undefined,
    what: "granted" | "denied",
    address: string,
    nowMs: number,
  ): Promise<void> {
    const about = user === undefined ? {} : { user: user.name };
    await record(tx, serverEntry(nowMs, `self-provisioning-${what}`, about, { address }));
  }
}

/** What a mailed code is for. Codes mailed for the screen of a sign-in are none of ours. */
function detailOf(place: SignInPlace | undefined): string {
  return place === undefined ? "portal" : `portal ${placeText(place)}`;
}

function fromDetail(detail: string): { readonly place?: SignInPlace } | undefined {
  if (detail === "portal") return {};
  const place = detail.startsWith("portal ") ? placeOf(detail.slice("portal ".length)) : undefined;
  return place === undefined ? undefined : { place };
}

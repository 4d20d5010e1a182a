// Somebody without an authenticator adds a first one: by a password or the code on the screen of a sign-in, by a mailed code,
// or by both, as the admin has set it. What they get for it is an invitation of half an hour, the same as an admin's, so that
// there is one way to finish.

import type { Clock } from "../../words/clock.ts";
import { minuteMs } from "../../words/clock.ts";
import type { Random } from "../../words/random.ts";
import { lookAlikeKey, parseUserName } from "../../words/user-name.ts";
import { accountOf, openPassword } from "../accounts/accounts.ts";
import { isPassword, type PasswordCost } from "../accounts/password.ts";
import { record, serverEntry } from "../audit/audit.ts";
import type { Vault } from "../identity/vault.ts";
import { addressAsks } from "../mail/code-limits.ts";
import { SlowLane } from "../sessions/slow-lane.ts";
import {
  blockedUntil,
  countFailure,
  forgetFailures,
  throttlesOf,
  userThrottle,
} from "../sessions/throttle.ts";
import { readSetting } from "../settings/settings.ts";
import type { Store, Tx } from "../store/store.ts";
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
  readonly #store: Store;
  readonly #vault: Vault;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #passwordCost: PasswordCost;
  readonly #lane = new SlowLane();

  constructor(parts: {
    store: Store;
    vault: Vault;
    clock: Clock;
    random: Random;
    passwordCost: PasswordCost;
  }) {
    this.#store = parts.store;
    this.#vault = parts.vault;
    this.#clock = parts.clock;
    this.#random = parts.random;
    this.#passwordCost = parts.passwordCost;
  }

  async ask(wish: FirstAsk): Promise<FirstOutcome> {
    const throttled = this.#throttles(wish.name, wish.address);
    const waitUntil = await blockedUntil(this.#store.db, throttled, this.#clock.wallMs());
    if (waitUntil !== undefined) return { kind: "wait", untilMs: waitUntil };
    const passed = await this.#lane.pass(() => this.#isRight(wish));
    if (passed === undefined) return { kind: "busy" };
    return this.#store.write(async (tx): Promise<FirstOutcome> => {
      const nowMs = this.#clock.wallMs();
      const untilMs = await blockedUntil(tx, throttled, nowMs);
      if (untilMs !== undefined) return { kind: "wait", untilMs };
      const setting = await readSetting(tx, provisioningSetting);
      const user = await findUser(tx, wish.name);
      const { sealedPassword } = user === undefined ? { sealedPassword: null } : await accountOf(tx, user.id);
      // The password that was compared is the one that holds; who has none may leave it empty.
      const proved =
        sealedPassword === null
          ? wish.password === ""
          : passed.value.right && passed.value.sealed === sealedPassword;
      const eligible = user !== undefined && proved && (await mayEarnInvitation(tx, user));
      // Also a right password, unless the answer shows that it was right: else the waits would tell it from a wrong one. It
      // is forgotten with the code that is typed. An empty one is no guess.
      if (wish.password !== "" && (setting.mailCode || !eligible)) await countFailure(tx, throttled, nowMs);
      if (wish.password !== "" && !setting.mailCode) {
        await this.#note(tx, user, eligible ? "granted" : "denied", wish.address, nowMs);
        if (!eligible) return { kind: "refused" };
        return { kind: "invited", secret: await this.#invite(tx, { user, origin: "self" }, nowMs) };
      }
      const waitForMail = await countRequest(tx, this.#vault, wish, nowMs);
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
    return this.#store.write(async (tx): Promise<FirstOutcome> => {
      const nowMs = this.#clock.wallMs();
      const untilMs = await blockedUntil(tx, throttled, nowMs);
      if (untilMs !== undefined) return { kind: "wait", untilMs };
      const user = await findUser(tx, wish.name);
      const place = user && (await judgeHandOver(tx, this.#vault, user.id, wish.code, nowMs));
      if (user === undefined || place === undefined || !(await mayEarnInvitation(tx, user))) {
        await countFailure(tx, throttled, nowMs);
        await this.#note(tx, user, "denied", wish.address, nowMs);
        return { kind: "refused" };
      }
      const { mailCode: mailed } = await readSetting(tx, provisioningSetting);
      const waitForMail = mailed ? await countRequest(tx, this.#vault, wish, nowMs) : undefined;
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
    return this.#store.write(async (tx): Promise<FirstOutcome> => {
      const nowMs = this.#clock.wallMs();
      const throttled = this.#throttles("", given.address);
      const untilMs = await blockedUntil(tx, throttled, nowMs);
      if (untilMs !== undefined) return { kind: "wait", untilMs };
      const right = await judgeMailCode(tx, this.#vault, given.id, "first-authenticator", given.code, nowMs);
      const from = right && fromDetail(right.detail);
      const user = right && (await theUserById(tx, right.userId));
      if (from === undefined || user === undefined || !(await mayEarnInvitation(tx, user))) {
        await countFailure(tx, throttled, nowMs);
        await this.#note(tx, user, "denied", given.address, nowMs);
        return { kind: "refused" };
      }
      await spendMailCode(tx, given.id);
      await forgetFailures(tx, userThrottle(this.#vault, lookAlikeKey(user.name)));
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
    const post = { vault: this.#vault, random: this.#random };
    const to = { user, detail: detailOf(place), by: addressAsks(address) };
    return (await askMailCode(tx, post, { ...to, purpose: "first-authenticator" }, nowMs)).id;
  }

  #invite(tx: Tx, wish: Omit<InvitationWish, "forMs">, nowMs: number): Promise<string> {
    return createInvitation(tx, { ...wish, forMs: earnedForMs }, this.#random, nowMs);
  }

  /** The same work for every name, known or not. */
  async #isRight({ name, password }: FirstAsk): Promise<{ right: boolean; sealed: string | null }> {
    const { db } = this.#store;
    const user = await findUser(db, name);
    const sealed = user === undefined ? null : (await accountOf(db, user.id)).sealedPassword;
    const kept =
      user === undefined || sealed === null ? undefined : openPassword(this.#vault, user.id, sealed);
    return { right: await isPassword(password, kept, this.#passwordCost), sealed };
  }

  #throttles(name: string, address: string) {
    const parsed = parseUserName(name);
    const lookAlike = parsed.ok ? lookAlikeKey(parsed.value) : `not a name: ${name}`;
    const both = throttlesOf(this.#vault, lookAlike, address);
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

// Signing in to the server's own pages: name, password and a code on one form, judged, spent and counted in one
// transaction. All three have to be right; which was not is told to nobody but the audit.

import { lookAlikeKey } from "../../words/user-name.ts";
import { type Account, accountOf, openPassword, sealPassword } from "../accounts/accounts.ts";
import { isOutdated, isPassword, keepPassword } from "../accounts/password.ts";
import { record, serverEntry } from "../audit/audit.ts";
import type { Tx } from "../store/store.ts";
import { findUser, theUserById, type User } from "../users/users.ts";
import { hashAnswers } from "../verification/answers.ts";
import type { Answer, Challenge } from "../verification/judge.ts";
import { Guesses, type PasswordWayParts, throttlesOfTyped, typedLookAlike } from "./guesses.ts";
import { judgeCode } from "./judge-code.ts";
import {
  challengeAt,
  givePageChallenge,
  newPlaceId,
  sessionPlace,
  signInPlace,
  takePageChallenge,
} from "./page-challenges.ts";
import { beginSession, renewSession, type Session, type SessionKind } from "./sessions.ts";
import { countFailure, forgetFailures, throttlesOf, userThrottle } from "./throttle.ts";

export interface SignInAttempt {
  readonly kind: SessionKind;
  readonly name: string;
  readonly password: string;
  readonly code: string;
  /** The id of the challenge that this page has shown; undefined where it has shown none. */
  readonly challenge?: string | undefined;
  readonly address: string;
  readonly browser: string;
}

export interface ShownChallenge {
  readonly id: string;
  readonly digits: string;
}

export type SignInOutcome =
  /** `id` goes into the cookie. */
  | { readonly kind: "in"; readonly id: string }
  | { readonly kind: "refused" }
  /** Everything was right; this user has no part in this area. */
  | { readonly kind: "no-role" }
  /** Everything was right; but there is no PIN of the user's own yet, and the portal alone is open until there is. */
  | { readonly kind: "no-pin" }
  | { readonly kind: "wait"; readonly untilMs: number }
  | { readonly kind: "busy" };

/** What was worked out before the transaction. It decides nothing by itself. */
interface Prepared {
  readonly user: User | undefined;
  readonly account: Account | undefined;
  readonly passwordRight: boolean;
  readonly answers: readonly Answer[];
}

export class SignIns {
  readonly #parts: PasswordWayParts;
  readonly #guesses: Guesses;

  constructor(parts: PasswordWayParts) {
    this.#parts = parts;
    this.#guesses = new Guesses(parts);
  }

  async signIn(attempt: SignInAttempt): Promise<SignInOutcome> {
    const { vault } = this.#parts;
    const throttled = throttlesOfTyped(vault, attempt.name, attempt.address);
    let prepared: Prepared | undefined;
    const prepare = async () => {
      prepared = await this.#prepare(attempt);
      return prepared;
    };
    const outcome = await this.#guesses.prepared(throttled, prepare, async (tx, known, nowMs) => {
      const challenge = await this.#taken(tx, attempt, nowMs);
      const judged = await this.#judge(tx, attempt, known, challenge, nowMs);
      const { user } = known;
      const detail = { area: attempt.kind, address: attempt.address, ...judged.detail };
      const about = user === undefined ? {} : { user: user.name };
      await record(tx, serverEntry(nowMs, judged.audit, about, detail));
      if (judged.outcome.kind === "refused") await countFailure(tx, throttled, nowMs);
      else await forgetFailures(tx, userThrottle(vault, typedLookAlike(attempt.name)));
      return judged.outcome;
    });
    if (outcome.kind === "in" && prepared !== undefined) await this.#refresh(attempt.password, prepared);
    return outcome;
  }

  /** A code in the middle of a session, for what must not be done by whoever finds a browser open. */
  async confirm(session: Session, code: string, address: string): Promise<SignInOutcome> {
    const throttled = throttlesOf(this.#parts.vault, lookAlikeKey(session.userName), address);
    const { store, vault } = this.#parts;
    const prepare = () => hashAnswers(store.db, vault, { user: session.userName, machineId: null }, [code]);
    return this.#guesses.prepared(throttled, prepare, async (tx, answers, nowMs): Promise<SignInOutcome> => {
      const user = await theUserById(tx, session.userId);
      const challenge = await takePageChallenge(tx, sessionPlace(session), session.userName, nowMs);
      const judged = await judgeCode(tx, this.#parts, user, answers, challenge, nowMs);
      // Policy may ask for a PIN only since this session was begun.
      const lacksPin = judged.right && session.kind === "console" && judged.lacksPin;
      const good = judged.right && !lacksPin;
      const id = good ? await renewSession(tx, session, this.#parts.random, nowMs) : undefined;
      const audit = id === undefined ? "web-confirmation-denied" : "web-confirmation-granted";
      const why = lacksPin ? { reason: "pin-needed" } : judged.right ? { method: judged.method } : {};
      const detail = { area: session.kind, address, ...why };
      await record(tx, serverEntry(nowMs, audit, { user: session.userName }, detail));
      if (!judged.right) await countFailure(tx, throttled, nowMs);
      await judged.settle();
      if (lacksPin) return { kind: "no-pin" };
      return id === undefined ? { kind: "refused" } : { kind: "in", id };
    });
  }

  /** For a token that answers one: with the id that the form brings back. Given to every name, known or not. */
  async challenge(asked: {
    readonly kind: SessionKind;
    readonly name: string;
    readonly address: string;
    /** Of a page that has shown one before. */
    readonly id?: string | undefined;
  }): Promise<ShownChallenge> {
    const { store, clock, random } = this.#parts;
    const { kind, name, address } = asked;
    const id = asked.id ?? newPlaceId(random);
    const place = signInPlace(kind, id);
    const digits = await store.write((tx) =>
      givePageChallenge(tx, { place, user: name, address }, random, clock.wallMs()),
    );
    return { id, digits };
  }

  /** For a session whose user has such a token. */
  challengeWithin(session: Session, address: string): Promise<string | undefined> {
    const user = { id: session.userId, name: session.userName };
    return challengeAt(this.#parts, sessionPlace(session), user, address);
  }

  /** The same work for every name, known or not. */
  async #prepare(attempt: SignInAttempt): Promise<Prepared> {
    const { db } = this.#parts.store;
    const user = await findUser(db, attempt.name);
    const account = user === undefined ? undefined : await accountOf(db, user.id);
    const sealed = account?.sealedPassword ?? null;
    const kept =
      user === undefined || sealed === null ? undefined : openPassword(this.#parts.vault, user.id, sealed);
    const passwordRight = await isPassword(attempt.password, kept, this.#parts.passwordCost);
    const who = { user: attempt.name, machineId: null };
    const answers = await hashAnswers(db, this.#parts.vault, who, [attempt.code]);
    return { user, account, passwordRight, answers };
  }

  /** Whatever comes of it, and whoever the user is, it is over by that. */
  async #taken(tx: Tx, attempt: SignInAttempt, nowMs: number): Promise<Challenge | undefined> {
    const { challenge, kind, name } = attempt;
    if (challenge === undefined) return undefined;
    return takePageChallenge(tx, signInPlace(kind, challenge), name, nowMs);
  }

  async #judge(
    tx: Tx,
    attempt: SignInAttempt,
    prepared: Prepared,
    challenge: Challenge | undefined,
    nowMs: number,
  ): Promise<Judged> {
    if (prepared.user === undefined) return refused("unknown-user");
    const user = await findUser(tx, prepared.user.name);
    if (user?.id !== prepared.user.id) return refused("unknown-user");
    if (user.disabledAtMs !== null) return refused("user-disabled");
    const account = await accountOf(tx, user.id);
    if (account.sealedPassword === null) return refused("no-password");
    // The one that was compared is the one that holds.
    const same = account.sealedPassword === prepared.account?.sealedPassword;
    const judged = await judgeCode(tx, this.#parts, user, prepared.answers, challenge, nowMs);
    if (!same || !prepared.passwordRight) return refused("wrong-password");
    await judged.settle();
    if (!judged.right) return refused("wrong-code");
    const detail = { method: judged.method };
    if (attempt.kind === "console" && account.role === "none")
      return { outcome: { kind: "no-role" }, audit: "web-sign-in-denied", detail: { reason: "no-role" } };
    if (attempt.kind === "console" && judged.lacksPin)
      return { outcome: { kind: "no-pin" }, audit: "web-sign-in-denied", detail: { reason: "pin-needed" } };
    const wish = { ...attempt, userId: user.id };
    const id = await beginSession(tx, wish, this.#parts.random, nowMs);
    return { outcome: { kind: "in", id }, audit: "web-sign-in-granted", detail };
  }

  /** The cost has been raised since the password was set: now it is at hand. */
  async #refresh(password: string, { user, account }: Prepared): Promise<void> {
    const before = account?.sealedPassword ?? null;
    if (user === undefined || before === null) return;
    if (!isOutdated(openPassword(this.#parts.vault, user.id, before), this.#parts.passwordCost)) return;
    const sealed = sealPassword(
      this.#parts.vault,
      user.id,
      await keepPassword(password.normalize("NFC"), this.#parts.passwordCost, this.#parts.random),
    );
    await this.#parts.store.write((tx) =>
      tx
        .updateTable("accounts")
        .set({ sealedPassword: sealed })
        .where("userId", "=", user.id)
        .where("sealedPassword", "=", before)
        .execute(),
    );
  }
}

interface Judged {
  readonly outcome: SignInOutcome;
  readonly audit: string;
  readonly detail: Readonly<Record<string, string>>;
}

function refused(reason: string): Judged {
  return { outcome: { kind: "refused" }, audit: "web-sign-in-denied", detail: { reason } };
}

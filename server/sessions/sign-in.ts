// Signing in to the server's own pages: name, password and a code on one form, judged, spent and counted in one
// transaction. All three have to be right; which was not is told to nobody but the audit.

import type { Clock } from "../../words/clock.ts";
import type { Random } from "../../words/random.ts";
import { lookAlikeKey, parseUserName } from "../../words/user-name.ts";
import { type Account, accountOf, openPassword, sealPassword } from "../accounts/accounts.ts";
import { isOutdated, isPassword, keepPassword, type PasswordCost } from "../accounts/password.ts";
import { record, serverEntry } from "../audit/audit.ts";
import type { Vault } from "../identity/vault.ts";
import type { Store, Tx } from "../store/store.ts";
import { findUser, theUserById, type User } from "../users/users.ts";
import { hashAnswers } from "../verification/answers.ts";
import type { Answer } from "../verification/judge.ts";
import { judgeCode } from "./judge-code.ts";
import { beginSession, renewSession, type Session, type SessionKind } from "./sessions.ts";
import { SlowLane } from "./slow-lane.ts";
import { blockedUntil, countFailure, forgetFailures, throttlesOf, userThrottle } from "./throttle.ts";

export interface SignInAttempt {
  readonly kind: SessionKind;
  readonly name: string;
  readonly password: string;
  readonly code: string;
  readonly address: string;
  readonly browser: string;
}

export type SignInOutcome =
  /** `id` goes into the cookie. */
  | { readonly kind: "in"; readonly id: string }
  | { readonly kind: "refused" }
  /** Everything was right; this user has no part in this area. */
  | { readonly kind: "no-role" }
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

  async signIn(attempt: SignInAttempt): Promise<SignInOutcome> {
    const parsed = parseUserName(attempt.name);
    // A name that can't be one is counted as it was typed.
    const lookAlike = parsed.ok ? lookAlikeKey(parsed.value) : `not a name: ${attempt.name}`;
    const throttled = throttlesOf(this.#vault, lookAlike, attempt.address);
    const waitUntil = await blockedUntil(this.#store.db, throttled, this.#clock.wallMs());
    if (waitUntil !== undefined) return { kind: "wait", untilMs: waitUntil };
    const prepared = await this.#lane.pass(() => this.#prepare(attempt));
    if (prepared === undefined) return { kind: "busy" };
    const outcome = await this.#store.write(async (tx): Promise<SignInOutcome> => {
      const nowMs = this.#clock.wallMs();
      // Others may have failed while this one was being worked out: those in flight at once are no free guesses.
      const untilMs = await blockedUntil(tx, throttled, nowMs);
      if (untilMs !== undefined) return { kind: "wait", untilMs };
      const judged = await this.#judge(tx, attempt, prepared.value, nowMs);
      const { user } = prepared.value;
      const detail = { area: attempt.kind, address: attempt.address, ...judged.detail };
      const about = user === undefined ? {} : { user: user.name };
      await record(tx, serverEntry(nowMs, judged.audit, about, detail));
      if (judged.outcome.kind === "refused") await countFailure(tx, throttled, nowMs);
      else await forgetFailures(tx, userThrottle(this.#vault, lookAlike));
      return judged.outcome;
    });
    if (outcome.kind === "in") await this.#refresh(attempt.password, prepared.value);
    return outcome;
  }

  /** A code in the middle of a session, for what must not be done by whoever finds a browser open. */
  async confirm(session: Session, code: string, address: string): Promise<SignInOutcome> {
    const throttled = throttlesOf(this.#vault, lookAlikeKey(session.userName), address);
    const answers = await this.#lane.pass(() =>
      hashAnswers(this.#store.db, this.#vault, { user: session.userName, machineId: null }, [code]),
    );
    if (answers === undefined) return { kind: "busy" };
    return this.#store.write(async (tx): Promise<SignInOutcome> => {
      const nowMs = this.#clock.wallMs();
      const untilMs = await blockedUntil(tx, throttled, nowMs);
      if (untilMs !== undefined) return { kind: "wait", untilMs };
      const user = await theUserById(tx, session.userId);
      const judged = await judgeCode(tx, this.#post(), user, answers.value, nowMs);
      const id = judged.right ? await renewSession(tx, session, this.#random, nowMs) : undefined;
      const audit = id === undefined ? "web-confirmation-denied" : "web-confirmation-granted";
      const detail = { area: session.kind, address, ...(judged.right ? { method: judged.method } : {}) };
      await record(tx, serverEntry(nowMs, audit, { user: session.userName }, detail));
      if (!judged.right) await countFailure(tx, throttled, nowMs);
      await judged.settle();
      return id === undefined ? { kind: "refused" } : { kind: "in", id };
    });
  }

  #post() {
    return { vault: this.#vault, random: this.#random };
  }

  /** The same work for every name, known or not. */
  async #prepare(attempt: SignInAttempt): Promise<Prepared> {
    const { db } = this.#store;
    const user = await findUser(db, attempt.name);
    const account = user === undefined ? undefined : await accountOf(db, user.id);
    const sealed = account?.sealedPassword ?? null;
    const kept =
      user === undefined || sealed === null ? undefined : openPassword(this.#vault, user.id, sealed);
    const passwordRight = await isPassword(attempt.password, kept, this.#passwordCost);
    const who = { user: attempt.name, machineId: null };
    const answers = await hashAnswers(db, this.#vault, who, [attempt.code]);
    return { user, account, passwordRight, answers };
  }

  async #judge(tx: Tx, attempt: SignInAttempt, prepared: Prepared, nowMs: number): Promise<Judged> {
    if (prepared.user === undefined) return refused("unknown-user");
    const user = await findUser(tx, prepared.user.name);
    if (user?.id !== prepared.user.id) return refused("unknown-user");
    if (user.disabledAtMs !== null) return refused("user-disabled");
    const account = await accountOf(tx, user.id);
    if (account.sealedPassword === null) return refused("no-password");
    // The one that was compared is the one that holds.
    const same = account.sealedPassword === prepared.account?.sealedPassword;
    const judged = await judgeCode(tx, this.#post(), user, prepared.answers, nowMs);
    if (!same || !prepared.passwordRight) return refused("wrong-password");
    await judged.settle();
    if (!judged.right) return refused("wrong-code");
    const detail = { method: judged.method };
    if (attempt.kind === "console" && account.role === "none")
      return { outcome: { kind: "no-role" }, audit: "web-sign-in-denied", detail: { reason: "no-role" } };
    const wish = { ...attempt, userId: user.id };
    const id = await beginSession(tx, wish, this.#random, nowMs);
    return { outcome: { kind: "in", id }, audit: "web-sign-in-granted", detail };
  }

  /** The cost has been raised since the password was set: now it is at hand. */
  async #refresh(password: string, { user, account }: Prepared): Promise<void> {
    const before = account?.sealedPassword ?? null;
    if (user === undefined || before === null) return;
    if (!isOutdated(openPassword(this.#vault, user.id, before), this.#passwordCost)) return;
    const sealed = sealPassword(
      this.#vault,
      user.id,
      await keepPassword(password.normalize("NFC"), this.#passwordCost, this.#random),
    );
    await this.#store.write((tx) =>
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

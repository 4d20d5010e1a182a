// Signing in without a password: a code that is mailed and one of the user's own authenticators, both right in one
// transaction. Only for users who have no password; for all others it looks the same, and no mail is sent.

import type { Clock } from "../../words/clock.ts";
import type { Random } from "../../words/random.ts";
import { lookAlikeKey, parseUserName } from "../../words/user-name.ts";
import { accountOf } from "../accounts/accounts.ts";
import { record, serverEntry } from "../audit/audit.ts";
import type { Vault } from "../identity/vault.ts";
import { addressAsks } from "../mail/code-limits.ts";
import { askMailCode } from "../provisioning/ask-mail-code.ts";
import { countMailFailure, judgeMailCode, spendMailCode } from "../provisioning/mail-codes.ts";
import { countRequest } from "../provisioning/mail-throttle.ts";
import { judgeCode } from "../sessions/judge-code.ts";
import { beginSession } from "../sessions/sessions.ts";
import type { SignInOutcome } from "../sessions/sign-in.ts";
import { SlowLane } from "../sessions/slow-lane.ts";
import {
  blockedUntil,
  countFailure,
  forgetFailures,
  throttlesOf,
  userThrottle,
} from "../sessions/throttle.ts";
import type { Db, Store, Tx } from "../store/store.ts";
import { findUser, type User } from "../users/users.ts";
import { hashAnswers } from "../verification/answers.ts";

export type MailAsked =
  | { readonly kind: "asked"; readonly id: string }
  | { readonly kind: "wait"; readonly untilMs: number };

export interface MailSignInAttempt {
  readonly id: string;
  readonly name: string;
  readonly mailCode: string;
  readonly code: string;
  readonly address: string;
  readonly browser: string;
}

export class MailSignIns {
  readonly #store: Store;
  readonly #vault: Vault;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #lane = new SlowLane();

  constructor(parts: { store: Store; vault: Vault; clock: Clock; random: Random }) {
    this.#store = parts.store;
    this.#vault = parts.vault;
    this.#clock = parts.clock;
    this.#random = parts.random;
  }

  ask(request: { readonly name: string; readonly address: string }): Promise<MailAsked> {
    return this.#store.write(async (tx): Promise<MailAsked> => {
      const nowMs = this.#clock.wallMs();
      const untilMs = await countRequest(tx, this.#vault, request, nowMs);
      if (untilMs !== undefined) return { kind: "wait", untilMs };
      const found = await findUser(tx, request.name);
      const user = found !== undefined && (await isEligible(tx, found)) ? found : undefined;
      const post = { vault: this.#vault, random: this.#random };
      const asked = { user, purpose: "sign-in", detail: "", by: addressAsks(request.address) } as const;
      return { kind: "asked", id: (await askMailCode(tx, post, asked, nowMs)).id };
    });
  }

  async finish(attempt: MailSignInAttempt): Promise<SignInOutcome> {
    const parsed = parseUserName(attempt.name);
    const lookAlike = parsed.ok ? lookAlikeKey(parsed.value) : `not a name: ${attempt.name}`;
    const throttled = throttlesOf(this.#vault, lookAlike, attempt.address);
    const waitUntil = await blockedUntil(this.#store.db, throttled, this.#clock.wallMs());
    if (waitUntil !== undefined) return { kind: "wait", untilMs: waitUntil };
    const answers = await this.#lane.pass(() =>
      hashAnswers(this.#store.db, this.#vault, { user: attempt.name, machineId: null }, [attempt.code]),
    );
    if (answers === undefined) return { kind: "busy" };
    return this.#store.write(async (tx): Promise<SignInOutcome> => {
      const nowMs = this.#clock.wallMs();
      const untilMs = await blockedUntil(tx, throttled, nowMs);
      if (untilMs !== undefined) return { kind: "wait", untilMs };
      const user = await findUser(tx, attempt.name);
      const mailed = await judgeMailCode(tx, this.#vault, attempt.id, "sign-in", attempt.mailCode, nowMs);
      const eligible = user !== undefined && (await isEligible(tx, user));
      const post = { vault: this.#vault, random: this.#random };
      const judged = eligible ? await judgeCode(tx, post, user, answers.value, nowMs) : undefined;
      if (mailed !== undefined && mailed.userId === user?.id) await judged?.settle();
      if (!eligible || mailed?.userId !== user.id || judged?.right !== true) {
        await countFailure(tx, throttled, nowMs);
        if (mailed !== undefined) await countMailFailure(tx, attempt.id);
        const reason = !eligible
          ? "not-eligible"
          : mailed?.userId !== user.id
            ? "wrong-mail-code"
            : "wrong-code";
        await note(tx, user, "web-sign-in-denied", attempt.address, { reason }, nowMs);
        return { kind: "refused" };
      }
      await spendMailCode(tx, attempt.id);
      await forgetFailures(tx, userThrottle(this.#vault, lookAlike));
      await note(
        tx,
        user,
        "web-sign-in-granted",
        attempt.address,
        { method: `mail+${judged.method}` },
        nowMs,
      );
      const { address, browser } = attempt;
      const wish = { kind: "portal", userId: user.id, address, browser } as const;
      return { kind: "in", id: await beginSession(tx, wish, this.#random, nowMs) };
    });
  }
}

async function isEligible(db: Db, user: User): Promise<boolean> {
  return user.disabledAtMs === null && (await accountOf(db, user.id)).sealedPassword === null;
}

function note(
  tx: Tx,
  user: User | undefined,
  kind: string,
  address: string,
  more: Readonly<Record<string, string>>,
  nowMs: number,
): Promise<void> {
  const about = user === undefined ? {} : { user: user.name };
  return record(tx, serverEntry(nowMs, kind, about, { area: "portal", address, ...more }));
}

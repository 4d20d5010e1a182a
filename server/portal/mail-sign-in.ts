// Signing in without a password: a code that is mailed and one of the user's own authenticators, both right in one
// transaction. Only for users who have no password; for all others it looks the same, and no mail is sent.

import { accountOf } from "../accounts/accounts.ts";
import { record, serverEntry } from "../audit/audit.ts";
import { addressAsks } from "../mail/code-limits.ts";
import { askMailCode } from "../provisioning/ask-mail-code.ts";
import { countMailFailure, judgeMailCode, spendMailCode } from "../provisioning/mail-codes.ts";
import { countRequest } from "../provisioning/mail-throttle.ts";
import { Guesses, throttlesOfTyped, typedLookAlike, type WayInParts } from "../sessions/guesses.ts";
import { judgeCode } from "../sessions/judge-code.ts";
import { givePageChallenge, signInPlace, takePageChallenge } from "../sessions/page-challenges.ts";
import { beginSession } from "../sessions/sessions.ts";
import type { SignInOutcome } from "../sessions/sign-in.ts";
import { countFailure, forgetFailures, userThrottle } from "../sessions/throttle.ts";
import type { Db, Tx } from "../store/store.ts";
import { findUser, type User } from "../users/users.ts";
import { hashAnswers } from "../verification/answers.ts";

export type MailAsked =
  /** `digits`: for a token that answers a challenge; everybody is shown some. */
  | { readonly kind: "asked"; readonly id: string; readonly digits: string }
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
  readonly #parts: WayInParts;
  readonly #guesses: Guesses;

  constructor(parts: WayInParts) {
    this.#parts = parts;
    this.#guesses = new Guesses(parts);
  }

  ask(request: { readonly name: string; readonly address: string }): Promise<MailAsked> {
    return this.#parts.store.write(async (tx): Promise<MailAsked> => {
      const nowMs = this.#parts.clock.wallMs();
      const untilMs = await countRequest(tx, this.#parts.vault, request, nowMs);
      if (untilMs !== undefined) return { kind: "wait", untilMs };
      const found = await findUser(tx, request.name);
      const user = found !== undefined && (await isEligible(tx, found)) ? found : undefined;
      const asked = { user, purpose: "sign-in", detail: "", by: addressAsks(request.address) } as const;
      const { id } = await askMailCode(tx, this.#parts, asked, nowMs);
      return { kind: "asked", id, digits: await this.#give(tx, { id, ...request }, nowMs) };
    });
  }

  /** After a refusal, which has ended the one before. */
  challenge(request: { readonly id: string; readonly name: string; readonly address: string }) {
    return this.#parts.store.write((tx) => this.#give(tx, request, this.#parts.clock.wallMs()));
  }

  #give(
    tx: Tx,
    { id, name, address }: { readonly id: string; readonly name: string; readonly address: string },
    nowMs: number,
  ): Promise<string> {
    const asked = { place: signInPlace("mail", id), user: name, address };
    return givePageChallenge(tx, asked, this.#parts.random, nowMs);
  }

  async finish(attempt: MailSignInAttempt): Promise<SignInOutcome> {
    const { store, vault, random } = this.#parts;
    const throttled = throttlesOfTyped(vault, attempt.name, attempt.address);
    const prepare = () =>
      hashAnswers(store.db, vault, { user: attempt.name, machineId: null }, [attempt.code]);
    return this.#guesses.prepared(throttled, prepare, async (tx, answers, nowMs): Promise<SignInOutcome> => {
      const user = await findUser(tx, attempt.name);
      const mailed = await judgeMailCode(tx, vault, attempt.id, "sign-in", attempt.mailCode, nowMs);
      const eligible = user !== undefined && (await isEligible(tx, user));
      const challenge = await takePageChallenge(tx, signInPlace("mail", attempt.id), attempt.name, nowMs);
      const judged = eligible ? await judgeCode(tx, this.#parts, user, answers, challenge, nowMs) : undefined;
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
      await forgetFailures(tx, userThrottle(vault, typedLookAlike(attempt.name)));
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
      return { kind: "in", id: await beginSession(tx, wish, random, nowMs) };
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

// Whether the answers to all questions of a sign-in are right, and what they spend. Pure.

import { judgeBackupCode } from "../../otp/backup-code.ts";
import { normaliseDigits } from "../../otp/code.ts";
import { judgeHotp } from "../../otp/hotp.ts";
import { isResponse } from "../../otp/response.ts";
import { judgeTotp } from "../../otp/totp.ts";
import type { Authenticator } from "../../protocol/sync/documents.ts";
import type { Spent } from "../../protocol/sync/exchanges.ts";
import type { Factors, Policy, SentType } from "../../protocol/sync/policy.ts";

export interface Answer {
  readonly text: string;
  /** Argon2id of the text under the salt of the backup codes with this id, if it can be one of them. */
  readonly backupCode: { readonly authenticator: string; readonly hash: Uint8Array } | undefined;
}

/** What the server has given this very sign-in to be answered. */
export interface Challenge {
  readonly digits: string;
  readonly givenAtMs: number;
}

/** A code that the server has sent for this very sign-in. */
export interface SentCode {
  readonly type: SentType;
  isRight(typed: string): boolean;
}

export interface Judgement {
  readonly right: boolean;
  /** What the right answers spend, also those of a sign-in that is wrong as a whole. */
  readonly spends: readonly Spent[];
  /** The same, of codes that were sent. */
  readonly spendsSent: readonly SentType[];
  /** The types that answered, such as `totp` or `hotp+backup-codes`. */
  readonly method: string;
}

/**
 * Every answer is judged, whatever the ones before came to. No authenticator and no code answers two questions.
 *
 * A right code is spent also when another answer of the same sign-in is wrong. Otherwise whoever has seen the first code
 * could go on guessing at the second with it; the price is that after a slip the user waits for the next code.
 */
export function judgeAnswers(
  questions: Factors,
  answers: readonly Answer[],
  authenticators: readonly Authenticator[],
  policy: Policy,
  sent: readonly SentCode[],
  challenge: Challenge | undefined,
  nowMs: number,
): Judgement {
  const spends: Spent[] = [];
  const spendsSent: SentType[] = [];
  const methods: string[] = [];
  const seen = new Set<string>();
  for (const [at, question] of questions.entries()) {
    const answer = answers[at];
    if (answer === undefined) continue;
    const code = normaliseDigits(answer.text).toUpperCase();
    const repeated = seen.has(code);
    seen.add(code);
    let found: Spent | undefined;
    for (const authenticator of authenticators) {
      if (!question.includes(authenticator.type)) continue;
      if (spends.some((spent) => spent.id === authenticator.id)) continue;
      found ??= judgeOne(authenticator, answer, policy, challenge, nowMs);
    }
    if (repeated) continue;
    const bySent = sent.find(
      ({ type, isRight }) =>
        found === undefined && question.includes(type) && !spendsSent.includes(type) && isRight(code),
    );
    if (found !== undefined) spends.push(found);
    if (bySent !== undefined) spendsSent.push(bySent.type);
    const by = found ?? bySent;
    if (by !== undefined) methods.push(by.type);
  }
  return {
    right: questions.length === answers.length && methods.length === questions.length,
    spends,
    spendsSent,
    method: methods.join("+"),
  };
}

function judgeOne(
  authenticator: Authenticator,
  answer: Answer,
  policy: Policy,
  challenge: Challenge | undefined,
  nowMs: number,
): Spent | undefined {
  const { id } = authenticator;
  switch (authenticator.type) {
    case "totp": {
      const key = { ...authenticator, secret: Buffer.from(authenticator.secret, "base64") };
      const code = normaliseDigits(answer.text);
      const lastStep = judgeTotp(key, code, authenticator.lastStep, policy.totpWindow, nowMs);
      return lastStep === undefined ? undefined : { type: "totp", id, lastStep };
    }
    case "hotp": {
      const key = { ...authenticator, secret: Buffer.from(authenticator.secret, "base64") };
      const code = normaliseDigits(answer.text);
      const counter = judgeHotp(key, code, authenticator.counter, policy.hotpLookAhead);
      return counter === undefined ? undefined : { type: "hotp", id, counter };
    }
    case "backup-codes": {
      if (answer.backupCode?.authenticator !== id) return undefined;
      const codes = authenticator.codes.map((code) => ({ ...code, hash: Buffer.from(code.hash, "base64") }));
      const set = { salt: Buffer.from(authenticator.salt, "base64"), codes };
      const usedId = judgeBackupCode(set, answer.backupCode.hash, authenticator.usedIds);
      return usedId === undefined
        ? undefined
        : { type: "backup-codes", id, usedIds: [...authenticator.usedIds, usedId] };
    }
    case "ocra": {
      const { suite, usedThroughMs } = authenticator;
      if (challenge === undefined || challenge.givenAtMs <= (usedThroughMs ?? 0)) return undefined;
      const key = { suite, secret: Buffer.from(authenticator.secret, "base64") };
      const response = normaliseDigits(answer.text);
      const right = isResponse(key, challenge.digits, response, policy.totpWindow, nowMs);
      // What is spent is the challenge itself.
      return right ? { type: "ocra", id, usedThroughMs } : undefined;
    }
  }
}

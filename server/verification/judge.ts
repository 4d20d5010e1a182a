// Whether the answers to all questions of a sign-in are right, and what they spend. Pure.
// Where a PIN is wanted, it is a part of each answer of an app or token: PIN and code are right together, or the answer is wrong.

import { judgeBackupCode } from "../../otp/backup-code.ts";
import { isUsed } from "../../otp/challenge.ts";
import { normaliseDigits } from "../../otp/code.ts";
import { judgeHotp } from "../../otp/hotp.ts";
import { codeLength, splitPin } from "../../otp/pin.ts";
import { isResponse } from "../../otp/response.ts";
import { judgeTotp } from "../../otp/totp.ts";
import type { Authenticator } from "../../protocol/sync/documents.ts";
import type { Spent } from "../../protocol/sync/exchanges.ts";
import type { Factors, Policy, SentType } from "../../protocol/sync/policy.ts";
import type { TypedPin } from "../pins/judge-pin.ts";

export interface Answer {
  readonly text: string;
  /** Argon2id of the text under the salt of the backup codes with this id, if it can be one of them. */
  readonly backupCode: { readonly authenticator: string; readonly hash: Uint8Array } | undefined;
  /** Undefined where the user has no PIN, or none was asked for when this was worked out. */
  readonly pin: TypedPin | undefined;
}

/** The PIN that each code or response needs beside it. */
export interface PinWanted {
  readonly place: "before" | "after";
  isRight(typed: string, answer: Answer): boolean;
  /**
   * What whoever has opened a machine's state takes for this seed under the PIN that was typed. Undefined where it can't be the
   * PIN by its form alone.
   */
  seedBy(typed: string, answer: Answer, secret: Uint8Array): Uint8Array | undefined;
}

/** What the server has given this very sign-in to be answered. */
export interface Challenge {
  readonly digits: string;
  /** Which may be before it was given: another dialogue may have had it first. */
  readonly drawnAtMs: number;
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
  /**
   * Of a right code's PIN; `left-out`: there was none. `opened`: the code was that of an opened state for a wrong PIN, and a
   * try at the PIN alone. Undefined where no code was right, or no PIN was wanted.
   */
  readonly pin: "right" | "wrong" | "left-out" | "opened" | undefined;
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
  wanted: PinWanted | undefined,
): Judgement {
  const spends: Spent[] = [];
  const spendsSent: SentType[] = [];
  const methods: string[] = [];
  let pin: Judgement["pin"];
  const seen = new Set<string>();
  for (const [at, question] of questions.entries()) {
    const answer = answers[at];
    if (answer === undefined) continue;
    const code = normaliseDigits(answer.text).toUpperCase();
    const repeated = seen.has(code);
    seen.add(code);
    let found: RightCode | undefined;
    let isOpened = false;
    for (const authenticator of authenticators) {
      if (!question.includes(authenticator.type)) continue;
      if (spends.some((spent) => spent.id === authenticator.id)) continue;
      const judged = judgeOne(authenticator, answer, policy, challenge, nowMs, wanted);
      if (judged === "opened") isOpened = true;
      else found ??= judged;
    }
    if (repeated) continue;
    const bySent = sent.find(
      ({ type, isRight }) =>
        found === undefined && question.includes(type) && !spendsSent.includes(type) && isRight(code),
    );
    if (found !== undefined) spends.push(found.spends);
    if (found?.pin !== undefined) pin = worse(pin, found.pin);
    if (found === undefined && bySent === undefined && isOpened) pin = worse(pin, "opened");
    if (found?.pin === "wrong" || found?.pin === "left-out") continue;
    if (bySent !== undefined) spendsSent.push(bySent.type);
    const by = found?.spends ?? bySent;
    if (by !== undefined) methods.push(by.type);
  }
  return {
    right: questions.length === answers.length && methods.length === questions.length,
    spends,
    spendsSent,
    pin,
    method: methods.join("+"),
  };
}

interface RightCode {
  readonly spends: Spent;
  readonly pin: Judgement["pin"];
}

function judgeOne(
  authenticator: Authenticator,
  answer: Answer,
  policy: Policy,
  challenge: Challenge | undefined,
  nowMs: number,
  wanted: PinWanted | undefined,
): RightCode | "opened" | undefined {
  if (authenticator.type === "backup-codes") {
    const spends = judgeBackup(authenticator, answer);
    return spends && { spends, pin: undefined };
  }
  const typed = normaliseDigits(answer.text);
  const secret = Buffer.from(authenticator.secret, "base64");
  if (wanted === undefined) {
    const spends = judgeOtp(authenticator, secret, typed, policy, challenge, nowMs);
    return spends && { spends, pin: undefined };
  }
  const apart = splitPin(typed, codeLength(authenticator), wanted.place);
  const right = wanted.isRight(apart.pin, answer);
  const spends = judgeOtp(authenticator, secret, apart.code, policy, challenge, nowMs);
  const opened = wanted.seedBy(apart.pin, answer, secret);
  const byOpened = opened && judgeOtp(authenticator, opened, apart.code, policy, challenge, nowMs);
  if (spends !== undefined) return { spends, pin: right ? "right" : apart.pin === "" ? "left-out" : "wrong" };
  return byOpened && "opened";
}

function judgeOtp(
  authenticator: Exclude<Authenticator, { type: "backup-codes" }>,
  secret: Uint8Array,
  code: string,
  policy: Policy,
  challenge: Challenge | undefined,
  nowMs: number,
): Spent | undefined {
  const { id } = authenticator;
  switch (authenticator.type) {
    case "totp": {
      const { lastStep: before } = authenticator;
      const lastStep = judgeTotp({ ...authenticator, secret }, code, before, policy.totpWindow, nowMs);
      return lastStep === undefined ? undefined : { type: "totp", id, lastStep };
    }
    case "hotp": {
      const { counter: before } = authenticator;
      const counter = judgeHotp({ ...authenticator, secret }, code, before, policy.hotpLookAhead);
      return counter === undefined ? undefined : { type: "hotp", id, counter };
    }
    case "ocra": {
      const { suite, usedThroughMs } = authenticator;
      if (challenge === undefined || isUsed(challenge.drawnAtMs, usedThroughMs, nowMs)) return undefined;
      const right = isResponse({ suite, secret }, challenge.digits, code, policy.totpWindow, nowMs);
      // What is spent is the challenge itself.
      return right ? { type: "ocra", id, usedThroughMs } : undefined;
    }
  }
}

function judgeBackup(
  authenticator: Extract<Authenticator, { type: "backup-codes" }>,
  answer: Answer,
): Spent | undefined {
  const { id, usedIds } = authenticator;
  if (answer.backupCode?.authenticator !== id) return undefined;
  const codes = authenticator.codes.map((code) => ({ ...code, hash: Buffer.from(code.hash, "base64") }));
  const set = { salt: Buffer.from(authenticator.salt, "base64"), codes };
  const usedId = judgeBackupCode(set, answer.backupCode.hash, usedIds);
  return usedId === undefined ? undefined : { type: "backup-codes", id, usedIds: [...usedIds, usedId] };
}

function worse(one: Judgement["pin"], other: Judgement["pin"]): Judgement["pin"] {
  const order = ["wrong", "opened", "left-out", "right"] as const;
  return order.find((word) => word === one || word === other);
}

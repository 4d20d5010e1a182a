// One answer against one authenticator: is it right, and what does it spend. Pure.

import { judgeBackupCode } from "../../otp/backup-code.ts";
import { isUsed } from "../../otp/challenge.ts";
import { normaliseDigits } from "../../otp/code.ts";
import { judgeHotp } from "../../otp/hotp.ts";
import { isResponse } from "../../otp/response.ts";
import { judgeTotp, timeStep } from "../../otp/totp.ts";
import type { Authenticator } from "../../protocol/sync/documents.ts";
import type { Spent } from "../../protocol/sync/exchanges.ts";
import type { Policy } from "../../protocol/sync/policy.ts";
import { unreachable } from "../../words/unreachable.ts";

export interface Answer {
  /** As typed. */
  readonly text: string;
  /** Argon2id of the text under the salt of each backup code set (by authenticator id), computed beforehand where the text can be a code. */
  readonly backupHashes: ReadonlyMap<string, Uint8Array>;
  /** What this dialogue asked to be answered by a response, if it did. */
  readonly challenge: Challenge | undefined;
  /** The text as PIN and code, for each length of a code; none where no PIN is wanted. */
  readonly pins: readonly TypedPin[];
}

export interface Challenge {
  readonly digits: string;
  /** When the server drew it, by its clock; null for one that was drawn here. */
  readonly drawnAtMs: number | null;
}

export interface TypedPin {
  /** Of the code. */
  readonly digits: number;
  readonly code: string;
  /** What the PIN opens, be it the right one or not. */
  readonly key: Uint8Array;
  /** Which lock. */
  readonly lock: string;
}

export type AnswerRules = Pick<Policy, "totpWindow" | "hotpLookAhead">;

/** What the right answer spends; `used` for one that was right before it was spent; undefined for a wrong one. */
export function judgeAnswer(
  authenticator: Authenticator,
  spent: Spent,
  answer: Answer,
  rules: AnswerRules,
  nowMs: number,
): Spent | "used" | undefined {
  switch (authenticator.type) {
    case "totp": {
      const lastStep = spent.type === "totp" ? spent.lastStep : authenticator.lastStep;
      const key = { ...otpKey(authenticator), periodSeconds: authenticator.periodSeconds };
      const code = normaliseDigits(answer.text);
      const step = judgeTotp(key, code, lastStep, rules.totpWindow, nowMs);
      if (step !== undefined) return { type: "totp", id: authenticator.id, lastStep: step };
      const now = timeStep(key.periodSeconds, nowMs);
      const wasRight = lastStep !== null && lastStep >= now - rules.totpWindow.past;
      return wasRight && judgeTotp(key, code, null, rules.totpWindow, nowMs) !== undefined
        ? "used"
        : undefined;
    }
    case "hotp": {
      const counter = spent.type === "hotp" ? spent.counter : authenticator.counter;
      const next = judgeHotp(
        otpKey(authenticator),
        normaliseDigits(answer.text),
        counter,
        rules.hotpLookAhead,
      );
      return next === undefined ? undefined : { type: "hotp", id: authenticator.id, counter: next };
    }
    case "backup-codes": {
      const hash = answer.backupHashes.get(authenticator.id);
      if (hash === undefined) return undefined;
      const usedIds = spent.type === "backup-codes" ? spent.usedIds : authenticator.usedIds;
      const set = {
        salt: Buffer.from(authenticator.salt, "base64"),
        codes: authenticator.codes.map((code) => ({ id: code.id, hash: Buffer.from(code.hash, "base64") })),
      };
      const id = judgeBackupCode(set, hash, usedIds);
      if (id !== undefined) return { type: "backup-codes", id: authenticator.id, usedIds: [...usedIds, id] };
      return judgeBackupCode(set, hash, []) === undefined ? undefined : "used";
    }
    case "ocra": {
      const { challenge } = answer;
      if (challenge === undefined) return undefined;
      const key = { secret: Buffer.from(authenticator.secret, "base64"), suite: authenticator.suite };
      const response = normaliseDigits(answer.text);
      if (!isResponse(key, challenge.digits, response, rules.totpWindow, nowMs)) return undefined;
      const before = spent.type === "ocra" ? spent.usedThroughMs : authenticator.usedThroughMs;
      const { drawnAtMs } = challenge;
      if (drawnAtMs === null) return { type: "ocra", id: authenticator.id, usedThroughMs: before };
      // One of the server's, which may give it to another dialogue as long as it has not heard of this.
      if (isUsed(drawnAtMs, before, nowMs)) return "used";
      return { type: "ocra", id: authenticator.id, usedThroughMs: drawnAtMs };
    }
    default:
      return unreachable(authenticator);
  }
}

function otpKey(authenticator: Extract<Authenticator, { digits: number }>) {
  const { secret, algorithm, digits } = authenticator;
  return { secret: Buffer.from(secret, "base64"), algorithm, digits };
}

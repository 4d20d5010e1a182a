import { describe, expect, test } from "vitest";
import { type AnswerRules, judgeAnswer } from "../../agent/factors/answer.ts";
import { Hashing } from "../../agent/factors/hashing.ts";
import { prepareAnswers } from "../../agent/factors/prepare.ts";
import { spentOf } from "../../agent/policy/standing.ts";
import { hashBackupCode } from "../../otp/backup-code.ts";
import { timeStep } from "../../otp/totp.ts";
import {
  answer,
  appCode,
  backupCode,
  backupCodes,
  codeOfStep,
  hotp,
  openWith,
  startMs,
  totp,
} from "./standing.ts";

const rules: AnswerRules = { totpWindow: { past: 1, future: 1 }, hotpLookAhead: 2 };
const step = timeStep(30, startMs);

describe("an answer to a TOTP app", () => {
  const app = totp();
  const judge = (text: string, lastStep: number | null = null, nowMs = startMs) =>
    judgeAnswer(app, { type: "totp", id: "app", lastStep }, answer(text), rules, nowMs);

  test("spends its step", () => {
    expect(judge(appCode(app, startMs))).toEqual({ type: "totp", id: "app", lastStep: step });
    expect(judge(appCode(app, startMs, -1))).toEqual({ type: "totp", id: "app", lastStep: step - 1 });
    expect(judge(appCode(app, startMs, 1))).toEqual({ type: "totp", id: "app", lastStep: step + 1 });
  });

  test("may be typed with spaces and hyphens", () => {
    const code = appCode(app, startMs);
    expect(judge(` ${code.slice(0, 3)} ${code.slice(3)} `)).toMatchObject({ lastStep: step });
  });

  test("is wrong outside the window, and for another app", () => {
    expect(judge(appCode(app, startMs, -2))).toBeUndefined();
    expect(judge(appCode(app, startMs, 2))).toBeUndefined();
    expect(judge(appCode(totp("other"), startMs))).toBeUndefined();
    expect(judge("")).toBeUndefined();
  });

  test("is used when its step is spent, or one after it", () => {
    expect(judge(appCode(app, startMs), step)).toBe("used");
    expect(judge(appCode(app, startMs, -1), step)).toBe("used");
    expect(judge(appCode(app, startMs), step + 1)).toBe("used");
    expect(judge(appCode(app, startMs, 1), step)).toMatchObject({ lastStep: step + 1 });
  });

  test("is merely wrong once its step has left the window", () => {
    expect(judge(appCode(app, startMs), step, startMs + 59_999)).toBe("used");
    expect(judge(appCode(app, startMs), step, startMs + 60_000)).toBeUndefined();
  });

  test("goes by this machine's word on what is spent, not by the bundle's", () => {
    const old = totp("app", { lastStep: step - 5 });
    const spent = { type: "totp", id: "app", lastStep: step } as const;
    expect(judgeAnswer(old, spent, answer(appCode(old, startMs)), rules, startMs)).toBe("used");
  });
});

describe("an answer to a HOTP token", () => {
  const token = hotp();
  const judge = (counter: number, unused: number) =>
    judgeAnswer(
      token,
      { type: "hotp", id: "token", counter: unused },
      answer(codeOfStep(token, counter)),
      rules,
      startMs,
    );

  test("spends its counter and those before it", () => {
    expect(judge(5, 5)).toEqual({ type: "hotp", id: "token", counter: 6 });
    expect(judge(7, 5)).toEqual({ type: "hotp", id: "token", counter: 8 });
  });

  test("is wrong beyond the look-ahead and before the counter", () => {
    expect(judge(8, 5)).toBeUndefined();
    expect(judge(4, 5)).toBeUndefined();
  });
});

describe("an answer from a set of backup codes", () => {
  const paper = backupCodes();
  const judge = (text: string, usedIds: number[] = []) =>
    judgeAnswer(paper, { type: "backup-codes", id: "paper", usedIds }, answer(text), rules, startMs);

  test("spends its id, on top of those spent before", () => {
    expect(judge(backupCode(2))).toEqual({ type: "backup-codes", id: "paper", usedIds: [2] });
    expect(judge(backupCode(2), [3, 0])).toEqual({ type: "backup-codes", id: "paper", usedIds: [3, 0, 2] });
  });

  test("is used when its id is spent, and wrong when it never was one", () => {
    expect(judge(backupCode(2), [2])).toBe("used");
    expect(judge(backupCode(9), [2])).toBeUndefined();
  });

  test("is wrong where no hash was prepared for the set", () => {
    const unprepared = {
      text: backupCode(2),
      backupHashes: new Map(),
      challenge: undefined,
      pins: [],
    };
    expect(judgeAnswer(paper, spentOf(paper), unprepared, rules, startMs)).toBeUndefined();
  });
});

describe("preparing answers", () => {
  const salts = ["salt of one.....", "salt of other..."].map((salt) => Buffer.from(salt));
  const sets = salts.map((salt, n) => backupCodes(`set-${n}`, { salt: salt.toString("base64") }));

  test("hashes what may be a backup code under the salt of each set, in any way of typing it", async () => {
    const set = openWith([totp(), ...sets]);
    const [first] = await prepareAnswers(["abcd efgh-jkm"], set, undefined, new Hashing());
    expect(first?.text).toBe("abcd efgh-jkm");
    expect([...(first?.backupHashes.keys() ?? [])]).toEqual(["set-0", "set-1"]);
    for (const [n, salt] of salts.entries())
      expect(first?.backupHashes.get(`set-${n}`)).toEqual(await hashBackupCode("ABCDEFGHJKM", salt));
  });

  test("hashes nothing for a text that can't be one, and nothing without a set", async () => {
    const none = { backupHashes: new Map(), challenge: undefined, pins: [] };
    const texts = ["123456", "", "ABCDEFGHJK"];
    expect(await prepareAnswers(texts, openWith(sets), undefined, new Hashing())).toEqual(
      texts.map((text) => ({ text, ...none })),
    );
    const without = openWith([totp(), hotp()]);
    expect(await prepareAnswers(["ABCDEFGHJKM"], without, undefined, new Hashing())).toEqual([
      { text: "ABCDEFGHJKM", ...none },
    ]);
  });
});

// Seeds under a PIN, and the thief who has them: whatever PIN is tried, what comes out is of the same sort.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { judgeAnswer } from "../../agent/factors/answer.ts";
import { Hashing } from "../../agent/factors/hashing.ts";
import { asTyped } from "../../agent/factors/masked.ts";
import { prepareAnswers } from "../../agent/factors/prepare.ts";
import { judge } from "../../agent/policy/judge.ts";
import type { OpenBundle } from "../../agent/policy/standing.ts";
import { lockPin, looksLikeChance, maskSeed, openPin, type PinLock } from "../../otp/pin-lock.ts";
import { responseTo } from "../../otp/response.ts";
import { systemRandom } from "../../platform/random.ts";
import type { Authenticator } from "../../protocol/sync/documents.ts";
import { defaultPolicy } from "../../protocol/sync/policy.ts";
import {
  appCode,
  backupCode,
  backupCodes,
  codeOfStep,
  hotp,
  moment,
  openWith,
  standingOf,
  startMs,
  totp,
} from "./standing.ts";

const pin = "9946";
const policy = { ...defaultPolicy, pin: { ...defaultPolicy.pin, place: "before" as const } };
const ocraOffline = { ...defaultPolicy.offline, factors: [["ocra" as const]] };
const app = totp("app", { secret: systemRandom.bytes(20).toBase64() });
const token = hotp("token", { secret: systemRandom.bytes(32).toBase64(), digits: 8 });

const answering: Extract<Authenticator, { type: "ocra" }> = {
  type: "ocra",
  id: "responder",
  secret: systemRandom.bytes(20).toBase64(),
  suite: "OCRA-1:HOTP-SHA256-7:QN08",
  usedThroughMs: null,
};

async function masked(): Promise<OpenBundle> {
  const { lock, key } = await lockPin(pin, systemRandom);
  const under = <T extends { readonly secret: string }>(one: T): T => ({
    ...one,
    secret: Buffer.from(maskSeed(key, Buffer.from(one.secret, "base64"))).toString("base64"),
  });
  const { salt, difference, cost } = lock;
  return {
    ...openWith([under(app), under(token), under(answering), backupCodes("paper")], { policy }),
    pin: { salt: salt.toBase64(), difference: difference.toBase64(), cost },
  };
}

async function judged(open: OpenBundle, text: string) {
  const answers = await prepareAnswers([text], open, undefined, new Hashing());
  const { verdict, next } = judge(standingOf(open), open, answers, "system", moment());
  return { verdict, spent: next.spent };
}

describe("codes with a PIN", () => {
  test("are right for each sort of authenticator, and with the PIN alone", async () => {
    const open = await masked();
    const eight = codeOfStep(token, token.counter);
    for (const text of [`${pin}${appCode(app, startMs)}`, `${pin}${eight}`])
      expect([text, (await judged(open, text)).verdict]).toEqual([text, "granted"]);
    for (const text of [appCode(app, startMs), eight, `1357${appCode(app, startMs)}`, `1357${eight}`])
      expect([text, (await judged(open, text)).verdict]).toEqual([text, "denied"]);
  });

  test("are right as responses to a challenge, too, with the PIN alone", async () => {
    const open = await masked();
    const asking = { ...open, bundle: { ...open.bundle, policy: { ...policy, offline: ocraOffline } } };
    const challenge = { digits: "12345678", drawnAtMs: null };
    const key = { secret: Buffer.from(answering.secret, "base64"), suite: answering.suite };
    const response = responseTo(key, challenge.digits, startMs);
    const verdicts: string[] = [];
    for (const text of [pin + response, response, `1357${response}`]) {
      const answers = await prepareAnswers([text], asking, challenge, new Hashing());
      verdicts.push(judge(standingOf(asking), asking, answers, "system", moment()).verdict);
    }
    expect(verdicts).toEqual(["granted", "denied", "denied"]);
  });

  test("that are wrong spend nothing, whichever part was wrong: nobody here can tell", async () => {
    const open = await masked();
    const before = standingOf(open).spent;
    for (const text of [`1357${appCode(app, startMs)}`, `${pin}000000`, "1357000000"])
      expect(await judged(open, text)).toEqual({ verdict: "denied", spent: before });
  });

  test("are not wanted of backup codes", async () => {
    const open = await masked();
    const [answer] = await prepareAnswers([backupCode(2)], open, undefined, new Hashing());
    const paper = open.authenticators.find(({ type }) => type === "backup-codes");
    if (answer === undefined || paper === undefined) throw new Error("nothing to judge");
    expect(asTyped(paper, answer, open.pin)).toEqual({ authenticator: paper, answer });
  });

  test("cost as many hashes whatever was typed: one for each length that a code has here", async () => {
    const open = await masked();
    await fc.assert(
      fc.asyncProperty(fc.string({ maxLength: 40 }), async (text) => {
        const [answer] = await prepareAnswers([text], open, undefined, new Hashing());
        expect(answer?.pins.map(({ digits }) => digits)).toEqual([6, 8, 7]);
      }),
      { numRuns: 10 },
    );
  });
});

test("a thief who tries every PIN of four digits sees nothing that one of them has and another has not", async () => {
  const seed = Buffer.from(app.secret, "base64");
  // What a hash costs has no part in what comes out of it.
  const { lock: dear } = await lockPin(pin, systemRandom);
  const lock: PinLock = { ...dear, cost: { memory: 8, passes: 1 } };
  const onDisk = maskSeed(await openPin(pin, lock), seed);
  const seeds = new Set<string>();
  let chance = 0;
  let bits = 0;
  for (let guess = 0; guess < 10_000; guess++) {
    const found = maskSeed(await openPin(String(guess).padStart(4, "0"), lock), onDisk);
    seeds.add(found.toHex());
    if (looksLikeChance(found)) chance += 1;
    for (const byte of found) bits += byte.toString(2).replaceAll("0", "").length;
    // A copy of the agent takes the code that any PIN's seed gives: it is no test either.
    const authenticator = totp("app", { secret: Buffer.from(found).toString("base64") });
    const answer = {
      text: appCode(authenticator, startMs),
      backupHashes: new Map(),
      challenge: undefined,
      pins: [],
    };
    const spent = { type: "totp", id: authenticator.id, lastStep: null } as const;
    expect(judgeAnswer(authenticator, spent, answer, policy, startMs)).toMatchObject({ type: "totp" });
  }
  expect(seeds).toContain(seed.toHex());
  expect([seeds.size, chance > 9_990]).toEqual([10_000, true]);
  expect(Math.abs(bits / (10_000 * 160) - 0.5)).toBeLessThan(0.005);
});

test("hashes are made two at a time, in the order in which they were asked for, also behind one that fails", async () => {
  const hashing = new Hashing();
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  const work = Array.from({ length: 5 }, (_, at) =>
    hashing.run(async () => {
      begun.push(at);
      await new Promise<void>((resolve) => ends.push(resolve));
      if (at === 1) throw new Error("out of memory");
      return at;
    }),
  );
  const outcome = Promise.allSettled(work);
  for (let at = 0; at < 5; at++) {
    while (ends[at] === undefined) await Promise.resolve();
    expect(begun.length).toBeLessThanOrEqual(at + 2);
    ends[at]?.();
  }
  expect((await outcome).map(({ status }) => status === "fulfilled")).toEqual([
    true,
    false,
    true,
    true,
    true,
  ]);
  expect(begun).toEqual([0, 1, 2, 3, 4]);
});

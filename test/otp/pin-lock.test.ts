import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  changeLock,
  isPinKey,
  lockPin,
  looksLikeChance,
  maskSeed,
  openPin,
  pinSymbols,
} from "../../otp/pin-lock.ts";
import { systemRandom } from "../../platform/random.ts";

describe("a PIN's lock", () => {
  test("opens to the same key for the PIN, and to another one for every other text", async () => {
    const { lock, key } = await lockPin("aZ90", systemRandom);
    expect(isPinKey(await openPin("aZ90", lock), key)).toBe(true);
    for (const text of ["", "aZ9", "aZ91", "Az90", "aZ900", "aZ90 ", "aZ90\u0000", "x".repeat(500), "é"]) {
      const other = await openPin(text, lock);
      expect([text, other.length, isPinKey(other, key)]).toEqual([text, 32, false]);
    }
  });

  test("is another one each time, and its key too", async () => {
    const [one, other] = [await lockPin("9946", systemRandom), await lockPin("9946", systemRandom)];
    expect(isPinKey(one.key, other.key)).toBe(false);
    expect(one.lock.difference).not.toEqual(other.lock.difference);
  });

  test("keeps its key when the PIN is changed, to one of another length and other characters too", async () => {
    const { lock, key } = await lockPin("9946", systemRandom);
    const changed = changeLock(lock, "9946", "1Qazxs8");
    expect(isPinKey(await openPin("1Qazxs8", changed), key)).toBe(true);
    expect(isPinKey(await openPin("9946", changed), key)).toBe(false);
    expect(isPinKey(await openPin("9946", changeLock(changed, "1Qazxs8", "9946")), key)).toBe(true);
  });

  test("before and after a change, of digits to as many digits, leaves every PIN possible", () => {
    const digits = fc.stringMatching(/^\d{4}$/);
    fc.assert(
      fc.property(digits, digits, digits, (before, after, guess) => {
        const word = Uint8Array.from([0, 79, 12, 33, 41, 58, 66, 7]);
        const old = { salt: new Uint8Array(16), difference: word, cost: { memory: 8, passes: 1 } };
        const fresh = changeLock(old, before, after);
        // Whoever has both locks: to every first PIN belongs a second one, of digits and as long.
        const second = [...guess].map((digit, at) => {
          const step = Number(after[at]) - Number(before[at]);
          return String((Number(digit) + step + 10) % 10);
        });
        expect(changeLock(old, guess, second.join("")).difference).toEqual(fresh.difference);
      }),
    );
  });

  test("before and after a change to a longer PIN gives away what was added, and leaves the rest as it was", async () => {
    const { lock } = await lockPin("9946", systemRandom);
    const changed = changeLock(lock, "9946", "13572468");
    // Documented, decision 36: whoever has both reads the characters behind the end of the old one.
    const added = [...changed.difference].map(
      (symbol, at) => ((lock.difference[at] ?? 0) - symbol + 80) % 10,
    );
    expect(added.slice(4)).toEqual([2, 4, 6, 8]);
    // The others: to every old PIN belongs a new one.
    const guess = changeLock(lock, "9947", "13582468");
    expect(guess.difference).toEqual(changed.difference);
  });

  test("says nothing of the PIN: at each place every symbol is as likely, whatever the PIN is", () => {
    const seen = Array.from({ length: 8 }, () => new Set<number>());
    for (let symbol = 0; symbol < pinSymbols; symbol++) {
      const difference = new Uint8Array(8).fill(symbol);
      const lock = { salt: new Uint8Array(16), difference, cost: { memory: 8, passes: 1 } };
      for (const [at, found] of changeLock(lock, "9946", "aZ0").difference.entries()) seen[at]?.add(found);
    }
    expect(seen.map(({ size }) => size)).toEqual(Array(8).fill(pinSymbols));
  });
});

describe("a mask", () => {
  test("taken off with its key gives the seed, at every length a seed can have", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.uint8Array({ minLength: 10, maxLength: 128 }),
        (key, seed) => {
          const masked = maskSeed(key, seed);
          expect(masked).not.toEqual(seed);
          expect(maskSeed(key, masked)).toEqual(seed);
        },
      ),
    );
  });

  test("is for seeds of chance: what somebody made up or wrote out would tell the right PIN", () => {
    const text = (value: string) => Buffer.from(value, "ascii");
    expect(looksLikeChance(text("12345678901234567890"))).toBe(false);
    expect(looksLikeChance(text("kQ8#vLw0pZr2!mXa9dTe"))).toBe(false);
    expect(looksLikeChance(new Uint8Array(20).fill(0xc3))).toBe(false);
    expect(looksLikeChance(Uint8Array.from({ length: 20 }, (_, at) => 0xa0 + at))).toBe(false);
    expect(looksLikeChance(Uint8Array.fromHex("3dc6caa4824a6d288767b2331e20b43166cb85d9"))).toBe(true);
    for (let round = 0; round < 1_000; round++)
      expect(looksLikeChance(Uint8Array.of(0x80 | round, ...systemRandom.bytes(31)))).toBe(true);
  });
});

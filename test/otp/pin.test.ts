import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isTrivial, type PinRules, pinFault, splitPin } from "../../otp/pin.ts";

const rules = (more: Partial<PinRules> = {}): PinRules => ({
  leastLength: 4,
  complexity: "decimal",
  trivial: "refused",
  ...more,
});

describe("a PIN", () => {
  test("has 4 to 8 letters and digits, and as many as the policy says at least", () => {
    expect(["", "995", "9946", "99468135", "994681357"].map((pin) => pinFault(pin, rules()))).toEqual([
      "pin-too-short",
      "pin-too-short",
      undefined,
      undefined,
      "pin-too-long",
    ]);
    expect(pinFault("99468", rules({ leastLength: 6 }))).toBe("pin-too-short");
    for (const pin of ["99 46", "99-46", "9946é", "９９４６", "9946\u0000", "пароль"])
      expect(pinFault(pin, rules())).toBe("pin-characters");
  });

  test("is trivial when all of it is one row of neighbours, or one character", () => {
    for (const pin of ["1111", "1234", "6543", "abcd", "aaaa", "aBcD", "ZYXW", "2222", "0123456"])
      expect([pin, isTrivial(pin), pinFault(pin, rules())]).toEqual([pin, true, "pin-trivial"]);
    for (const pin of ["9946", "123682", "321aaa", "i6gfaa", "1357", "1212", "1233"])
      expect([pin, isTrivial(pin), pinFault(pin, rules())]).toEqual([pin, false, undefined]);
    expect(pinFault("1234", rules({ trivial: "allowed" }))).toBeUndefined();
  });

  test("is as complex as the policy says", () => {
    const faults = (complexity: PinRules["complexity"]) =>
      ["9946", "a9b6", "abzx", "aB9c", "AB9C", "1Qazxs8", "ajUys36"].map((pin) =>
        pinFault(pin, rules({ complexity })),
      );
    const [both, three] = ["pin-needs-both", "pin-needs-three"];
    expect(faults("decimal").every((fault) => fault === undefined)).toBe(true);
    expect(faults("alphanumeric")).toEqual([both, undefined, both, ...Array(4).fill(undefined)]);
    expect(faults("strong")).toEqual([three, three, three, undefined, three, undefined, undefined]);
  });
});

test("PIN and code typed as one come apart again, whatever they are", () => {
  const pin = fc.stringMatching(/^[0-9A-Za-z]{0,8}$/);
  const code = fc.stringMatching(/^\d{6}$/);
  fc.assert(
    fc.property(pin, code, fc.constantFrom("before" as const, "after" as const), (one, other, place) => {
      const typed = place === "before" ? one + other : other + one;
      expect(splitPin(typed, 6, place)).toEqual({ pin: one, code: other });
    }),
  );
  expect(splitPin("123", 6, "before")).toEqual({ pin: "", code: "123" });
  expect(splitPin("123", 6, "after")).toEqual({ pin: "", code: "123" });
});

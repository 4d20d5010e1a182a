import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isCode, normaliseDigits } from "../../otp/code.ts";
import { notSixDigits } from "./keys.ts";

describe("what a person typed", () => {
  test("loses the spaces and hyphens that apps show a code with", () => {
    for (const typed of ["123456", "123 456", " 123-456 ", "1 2 3 4 5 6", "123\u00a0456", "123456\n"])
      expect(normaliseDigits(typed)).toBe("123456");
  });

  test("keeps everything else, to be refused by what comes next", () => {
    for (const typed of ["12345", "123.456", "123_456", "12345O", "١٢٣٤٥٦", "123\u200b456"])
      expect(normaliseDigits(typed)).toBe(typed);
  });
});

describe("a code", () => {
  test.each(notSixDigits)("of six digits is not %j", (text) => {
    expect(isCode(text, 6)).toBe(false);
  });

  test("is of exactly as many ASCII digits as the key has", () => {
    fc.assert(
      fc.property(fc.constantFrom(6, 7, 8), fc.string({ unit: "binary", maxLength: 9 }), (digits, text) => {
        const all = [...text].every((letter) => "0123456789".includes(letter));
        expect(isCode(text, digits)).toBe(all && text.length === digits);
      }),
    );
    fc.assert(
      fc.property(fc.nat(999_999), (number) => {
        expect(isCode(String(number).padStart(6, "0"), 6)).toBe(true);
      }),
    );
  });
});

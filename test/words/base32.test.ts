import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromBase32, toBase32 } from "../../words/base32.ts";

// RFC 4648 section 10, without the padding.
const published = [
  ["f", "MY"],
  ["fo", "MZXQ"],
  ["foo", "MZXW6"],
  ["foob", "MZXW6YQ"],
  ["fooba", "MZXW6YTB"],
  ["foobar", "MZXW6YTBOI"],
] as const;

describe("base32", () => {
  test.each(published)("writes and reads %j as %s", (text, encoded) => {
    expect(toBase32(Buffer.from(text))).toBe(encoded);
    expect(Buffer.from(fromBase32(encoded) ?? []).toString()).toBe(text);
  });

  test("writes nothing for nothing", () => {
    expect(toBase32(new Uint8Array())).toBe("");
  });

  test("reads what it writes, whatever the bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), (bytes) => {
        const text = toBase32(bytes);
        expect(text).toMatch(/^[A-Z2-7]+$/);
        expect(fromBase32(text)).toEqual(bytes);
      }),
    );
  });

  test("reads lower case, spaces, hyphens and padding as people write them", () => {
    for (const text of ["mzxw6ytboi", "MZXW 6YTB OI", "MZXW-6YTB-OI", "MZXW6YTBOI======", " mzxw 6ytb oi== "])
      expect(fromBase32(text)).toEqual(new Uint8Array(Buffer.from("foobar")));
  });
});

describe("what is not base32 is undefined, not thrown", () => {
  test.each(["", " ", "-", "====", "0Y", "1Y", "8Y", "9Y", "M.", "MY\0", "МY", "M=Y", "MZ=XQ"])(
    "%j",
    (text) => {
      expect(fromBase32(text)).toBeUndefined();
    },
  );

  test.each([1, 3, 6, 9, 11, 14])("%i letters: no number of bytes has so many", (letters) => {
    expect(fromBase32("A".repeat(letters))).toBeUndefined();
  });

  test("left-over bits that are not zero: two texts would mean the same bytes", () => {
    expect(fromBase32("MZ")).toBeUndefined();
    expect(fromBase32("MZXR")).toBeUndefined();
    expect(fromBase32("MZXW7")).toBeUndefined();
    expect(fromBase32("MZXW6YR")).toBeUndefined();
  });

  test("letters whose upper case is in the alphabet though they are not: sharp s, long s, dotless i, ligatures", () => {
    for (const text of ["\u00df", "\u017fA", "\u0131A", "\ufb00", "A\u017f", "A\u0131AA"])
      expect(fromBase32(text)).toBeUndefined();
  });

  test("so that one value has one spelling, but for case, spaces, hyphens and padding", () => {
    const nearly = fc.string({ unit: fc.constantFrom(..."ABZ27abz =-\u00df\u017f\u01318"), maxLength: 12 });
    fc.assert(
      fc.property(fc.oneof(nearly, fc.string({ unit: "binary", maxLength: 12 })), (text) => {
        const bytes = fromBase32(text);
        if (bytes === undefined) return;
        const bare = text.replaceAll(/[\s-]/g, "").replace(/=+$/, "");
        expect(bare.replaceAll(/[a-z]/g, (letter) => letter.toUpperCase())).toBe(toBase32(bytes));
      }),
      { numRuns: 500 },
    );
  });
});

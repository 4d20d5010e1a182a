import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeText, encodeText } from "../../protocol/dialogue/text.ts";

const plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~@:,/";
const hex = (byte: number) => byte.toString(16).toUpperCase().padStart(2, "0");

function decoded(encoded: string, maxBytes = 4096): string | undefined {
  const text = decodeText(encoded, maxBytes);
  return text.ok ? text.value : undefined;
}

function fault(encoded: string, maxBytes = 4096): string | undefined {
  const text = decodeText(encoded, maxBytes);
  return text.ok ? undefined : text.error;
}

describe("every ASCII byte", () => {
  test.each(Array.from({ length: 127 }, (_, at) => at + 1))("%i has one spelling", (byte) => {
    const letter = String.fromCharCode(byte);
    const escaped = `%${hex(byte)}`;
    const isPlain = plain.includes(letter);
    expect(encodeText(letter)).toBe(isPlain ? letter : escaped);
    expect(decoded(encodeText(letter))).toBe(letter);
    if (!isPlain && letter !== "%") expect(fault(letter)).toBe("a character that must be escaped");
  });

  test("that needs no escape may still come escaped", () => {
    expect(decoded("%41%6C%2D")).toBe("Al-");
  });
});

describe("every byte above ASCII", () => {
  test("is refused when it is not escaped, whatever it is in Unicode", () => {
    for (let code = 128; code < 256; code++)
      expect(fault(String.fromCharCode(code))).toBe("a character that must be escaped");
    for (const letter of ["é", "ß", "😀", "\u2028", "\ud800", "\uff05"]) expect(fault(letter)).toBeDefined();
  });

  test.each(Array.from({ length: 128 }, (_, at) => at + 128))("%i alone is not UTF-8", (byte) => {
    expect(fault(`%${hex(byte)}`)).toBe("text is not UTF-8");
  });
});

describe("bad escapes are refused", () => {
  test.each([
    "%",
    "%4",
    "%%",
    "%4%",
    "%G1",
    "%1G",
    "% 1",
    "%+1",
    "%-1",
    "%0x",
    "%e9",
    "%2f",
    "%4a",
    "%aF",
    "%Af",
    "%A",
    "%４１",
  ])("%j", (text) => {
    expect(fault(text)).toBe("bad escape");
    expect(fault(`alice${text}`)).toBe("bad escape");
  });

  test("NUL, wherever it stands", () => {
    for (const text of ["%00", "alice%00", "%00alice", "%41%00"]) expect(fault(text)).toBe("NUL in text");
  });
});

describe("invalid UTF-8 is refused", () => {
  test.each([
    ["a lone continuation byte", "%80"],
    ["a sequence cut short", "%C3"],
    ["a sequence cut short by a letter", "%C3A"],
    ["a four-byte sequence cut short", "%F0%9F%98"],
    ["an overlong NUL", "%C0%80"],
    ["an overlong slash", "%C0%AF"],
    ["an overlong slash in three bytes", "%E0%80%AF"],
    ["an overlong slash in four bytes", "%F0%80%80%AF"],
    ["a surrogate", "%ED%A0%80"],
    ["a surrogate pair", "%ED%A0%BD%ED%B8%80"],
    ["past the end of Unicode", "%F4%90%80%80"],
    ["five bytes", "%F8%88%80%80%80"],
    ["a byte that never occurs", "%FE"],
    ["Latin-1", "caf%E9"],
  ])("%s", (_, text) => {
    expect(fault(text)).toBe("text is not UTF-8");
  });

  test("a byte order mark is a character like others and is kept", () => {
    expect(decoded("%EF%BB%BFalice")).toBe("\ufeffalice");
  });
});

describe("the limit is in decoded bytes", () => {
  test("exactly so many are taken, one more is refused, escaped or not", () => {
    for (const one of ["a", "%41"]) {
      expect(decoded(one.repeat(128), 128)).toHaveLength(128);
      expect(fault(one.repeat(129), 128)).toBe("text is longer than 128 bytes");
    }
    expect(decoded("%C3%A9".repeat(64), 128)).toBe("é".repeat(64));
    expect(fault(`${"%C3%A9".repeat(64)}a`, 128)).toBe("text is longer than 128 bytes");
    expect(fault(`a${"%C3%A9".repeat(64)}`, 128)).toBe("text is longer than 128 bytes");
  });

  test("0 takes the empty text only", () => {
    expect(decoded("", 0)).toBe("");
    expect(fault("a", 0)).toBeDefined();
  });

  test("a far too long text is refused without being looked at to its end", () => {
    expect(fault(`${"a".repeat(200)}${"%".repeat(10_000_000)}`, 128)).toBe("text is longer than 128 bytes");
  });
});

describe("any text", () => {
  const anyText = fc.string({ unit: "binary", maxLength: 300 }).filter((text) => !text.includes("\0"));

  test("comes back as it was", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const encoded = encodeText(text);
        expect(encoded).toMatch(/^([A-Za-z0-9\-._~@:,/]|%[0-9A-F]{2})*$/);
        expect(encoded.length).toBeLessThanOrEqual(3 * Buffer.byteLength(text));
        expect(decoded(encoded)).toBe(text);
      }),
    );
  });

  test("is refused or read, never thrown; and what is read is spelt again with the same meaning", () => {
    const nearly = fc.string({ unit: fc.constantFrom(..."%%%048ACEFacef9B \t\né\0"), maxLength: 20 });
    fc.assert(
      fc.property(nearly, fc.nat(20), (encoded, maxBytes) => {
        const text = decoded(encoded, maxBytes);
        if (text === undefined) return;
        expect(Buffer.byteLength(text)).toBeLessThanOrEqual(maxBytes);
        expect(text).not.toContain("\0");
        expect(decoded(encodeText(text))).toBe(text);
      }),
      { numRuns: 1_000 },
    );
  });
});

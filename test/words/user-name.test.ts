import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { lookAlikeKey, parseUserName, type UserName, withSuffix } from "../../words/user-name.ts";

function name(raw: string): UserName {
  const parsed = parseUserName(raw);
  if (!parsed.ok) throw new Error(`${JSON.stringify(raw)}: ${parsed.error}`);
  return parsed.value;
}

function error(raw: unknown): string | undefined {
  const parsed = parseUserName(raw);
  return parsed.ok ? undefined : parsed.error;
}

describe("a user name", () => {
  test.each([
    "alice",
    "a",
    "Alice",
    "alice.smith",
    ".alice",
    "alice smith",
    "alice@corp.example",
    "CORP\\alice",
    "O'Brien",
    "-alice",
    "алиса",
    "山田太郎",
    "josé",
    "user$",
    "0",
  ])("may be %j", (raw) => {
    expect(parseUserName(raw)).toEqual({ ok: true, value: raw });
  });

  test("is the same in composed and decomposed form", () => {
    expect(name("jose\u0301")).toBe("jos\u00e9");
    expect(name("\u1112\u1161\u11ab")).toBe("\ud55c");
    // The angstrom sign is one of the few that NFC turns into another letter.
    expect(name("\u212bngstrom")).toBe("\u00c5ngstrom");
  });

  test("keeps case and compatibility forms: only look-alike keys drop them", () => {
    expect(name("ALICE")).not.toBe(name("alice"));
    expect(name("\ufb01ona")).toBe("\ufb01ona");
  });

  test.each([
    ["tab", "\t"],
    ["newline", "\n"],
    ["carriage return", "\r"],
    ["NUL", "\0"],
    ["escape", "\u001b"],
    ["delete", "\u007f"],
    ["C1 control", "\u0085"],
    ["zero width space", "\u200b"],
    ["zero width joiner", "\u200d"],
    ["word joiner", "\u2060"],
    ["soft hyphen", "\u00ad"],
    ["byte order mark", "\ufeff"],
    ["right-to-left override", "\u202e"],
    ["left-to-right mark", "\u200e"],
    ["right-to-left isolate", "\u2067"],
    ["Arabic letter mark", "\u061c"],
    ["Mongolian vowel separator", "\u180e"],
    ["tag letter", "\u{e0061}"],
    ["line separator", "\u2028"],
    ["paragraph separator", "\u2029"],
    ["private use", "\ue000"],
    ["private use beyond the first plane", "\u{f0000}"],
    ["unassigned code point", "\u0378"],
    ["noncharacter", "\uffff"],
    ["half a surrogate pair", "\ud800"],
    ["the other half", "\udc00"],
  ])("has no %s: not first, within, or last", (_, character) => {
    for (const raw of [`${character}alice`, `al${character}ice`, `alice${character}`, character])
      expect(error(raw)).toBe("user name has a control or invisible character");
  });

  test.each([" ", "\u00a0", "\u3000", "\u2003", "\u1680"])(
    "does not begin or end with white space (%j)",
    (space) => {
      for (const raw of [`${space}alice`, `alice${space}`, space])
        expect(error(raw)).toBe("user name begins or ends with white space");
      expect(error(`al${space}ice`)).toBeUndefined();
    },
  );

  test("does not end with a dot, since Windows drops it", () => {
    for (const raw of ["alice.", "alice..", "."]) expect(error(raw)).toBe("user name ends with a dot");
    expect(error("alice. ")).toBe("user name begins or ends with white space");
  });

  test("is not empty, and is text", () => {
    expect(error("")).toBe("user name is empty");
    for (const raw of [
      undefined,
      null,
      0,
      true,
      ["alice"],
      { toString: () => "alice" },
      Buffer.from("alice"),
    ])
      expect(error(raw)).toBe("user name must be text");
  });

  test("has at most 256 bytes of UTF-8, counted after NFC", () => {
    const tooLong = "user name is longer than 256 bytes";
    expect(error("a".repeat(256))).toBeUndefined();
    expect(error("a".repeat(257))).toBe(tooLong);
    expect(error("é".repeat(128))).toBeUndefined();
    expect(error(`${"é".repeat(128)}a`)).toBe(tooLong);
    expect(error("𠮷".repeat(64))).toBeUndefined();
    expect(error(`${"𠮷".repeat(64)}a`)).toBe(tooLong);
    // Three bytes each as typed, two each after NFC.
    expect(error("e\u0301".repeat(128))).toBeUndefined();
    expect(error("e\u0301".repeat(129))).toBe(tooLong);
    expect(error("a".repeat(1_000_000))).toBe(tooLong);
  });

  test("once parsed, parses to itself", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 40 }), (raw) => {
        const once = parseUserName(raw);
        if (!once.ok) return;
        expect(parseUserName(once.value)).toEqual(once);
        expect(once.value).toBe(raw.normalize("NFC"));
        expect(once.value).not.toMatch(/[\p{Cc}\p{Cf}]|^\s|\s$|\.$/u);
      }),
      { numRuns: 1_000 },
    );
  });

  test("is never repeated in the error", () => {
    for (const raw of ["hunter2\n", "hunter2.", " hunter2", "hunter2".repeat(99)])
      expect(error(raw)).not.toContain("hunter2");
  });
});

describe("names that look alike have one key", () => {
  test.each([
    ["alice", "ALICE"],
    ["alice", "\uff41\uff4c\uff49\uff43\uff45"],
    ["fiona", "\ufb01ona"],
    ["jose\u0301", "JOS\u00c9"],
    ["k\u00f6nig", "\u212a\u00f6nig"],
    ["office", "of\ufb01ce"],
    ["mark1", "mark\u2460"],
    ["\u03c3", "\u03a3"],
  ])("%s and %s", (one, other) => {
    expect(lookAlikeKey(name(one))).toBe(lookAlikeKey(name(other)));
  });

  test.each([
    ["alice", "alicia"],
    ["jose", "jos\u00e9"],
    ["user1", "user2"],
    ["a b", "ab"],
  ])("%s and %s do not", (one, other) => {
    expect(lookAlikeKey(name(one))).not.toBe(lookAlikeKey(name(other)));
  });

  test("a key is its own key, so that it can be compared and stored", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme-composite", maxLength: 20 }), (raw) => {
        const parsed = parseUserName(raw);
        if (!parsed.ok) return;
        const key = lookAlikeKey(parsed.value);
        expect(lookAlikeKey(key as UserName)).toBe(key);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("the suffix that makes a local name the server's", () => {
  test("is put behind a plain name", () => {
    expect(withSuffix(name("alice"), "@corp.example")).toEqual({ ok: true, value: "alice@corp.example" });
    expect(withSuffix(name("alice"), ".corp")).toEqual({ ok: true, value: "alice.corp" });
  });

  test("is not put behind a name with a domain of its own", () => {
    for (const own of ["alice@other.example", "OTHER\\alice", "@", "alice\\"])
      expect(withSuffix(name(own), "@corp.example")).toEqual({ ok: true, value: own });
  });

  test("may be empty, and then changes nothing", () => {
    expect(withSuffix(name("alice"), "")).toEqual({ ok: true, value: "alice" });
  });

  test("is refused where the whole is no user name", () => {
    expect(withSuffix(name("a".repeat(250)), "@corp.example").ok).toBe(false);
    expect(withSuffix(name("a".repeat(243)), "@corp.example").ok).toBe(true);
    for (const suffix of [".", " ", "@corp.", "\u202e", "\n"])
      expect(withSuffix(name("alice"), suffix).ok).toBe(false);
  });

  test("composes with the name's last letter like any text", () => {
    expect(withSuffix(name("jose"), "\u0301")).toEqual({ ok: true, value: "jos\u00e9" });
  });
});

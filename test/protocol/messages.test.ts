import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { limits } from "../../protocol/dialogue/limits.ts";
import {
  type Begin,
  type FromAgent,
  type FromRelay,
  formatFromAgent,
  formatFromRelay,
  parseFromAgent,
  parseFromRelay,
} from "../../protocol/dialogue/messages.ts";
import { kinds } from "../../words/kind.ts";
import { parseUserName, type UserName } from "../../words/user-name.ts";

/** Text without NUL of at most so many bytes. */
function textOf(maxBytes: number): fc.Arbitrary<string> {
  return fc.string({ unit: "binary", maxLength: maxBytes }).map((text) => {
    let fits = "";
    for (const letter of text.replaceAll("\0", ""))
      if (Buffer.byteLength(fits + letter) <= maxBytes) fits += letter;
    return fits;
  });
}

const userName: fc.Arbitrary<UserName> = fc
  .oneof(textOf(limits.userBytes), fc.string({ minLength: 1, maxLength: 12 }))
  .map((text) => {
    const parsed = parseUserName(text);
    return parsed.ok ? parsed.value : ("alice" as UserName);
  });

/** A field is left out rather than empty. */
const field = textOf(limits.fieldBytes).filter((text) => text !== "");

const anyBegin: fc.Arbitrary<Begin> = fc.record(
  {
    word: fc.constant("BEGIN" as const),
    kind: fc.constantFrom(...kinds),
    user: userName,
    service: field,
    tty: field,
    rhost: field,
    lang: field,
  },
  { requiredKeys: ["word", "kind", "user", "service"] },
);

const anyFromRelay: fc.Arbitrary<FromRelay> = fc.oneof(
  anyBegin,
  fc.record({ word: fc.constant("ANSWER" as const), text: textOf(limits.answerBytes) }),
  fc.constant({ word: "CANCEL" as const }),
);

function anyFromAgent(shown: fc.Arbitrary<string>): fc.Arbitrary<FromAgent> {
  const word = fc.constant("END" as const);
  return fc.oneof(
    fc.record({
      word: fc.constant("SHOW" as const),
      tone: fc.constantFrom("info" as const, "error" as const),
      text: shown,
    }),
    fc.record({
      word: fc.constant("ASK" as const),
      echo: fc.constantFrom("hidden" as const, "shown" as const),
      text: shown,
    }),
    fc.record(
      { word, verdict: fc.constant("granted" as const), offline: fc.boolean(), method: field },
      { requiredKeys: ["word", "verdict"] },
    ),
    fc.record({
      word,
      verdict: fc.constantFrom("denied" as const, "locked" as const, "unavailable" as const),
    }),
    fc.record({ word, verdict: fc.constant("refused" as const), why: shown }),
  );
}

describe("every message", () => {
  test("of the relay comes back as it was, in one line that fits", () => {
    fc.assert(
      fc.property(anyFromRelay, (message) => {
        const line = formatFromRelay(message);
        expect(line).toMatch(/^[\x20-\x7e]+\n$/);
        expect(line.length).toBeLessThanOrEqual(limits.lineBytes);
        expect(parseFromRelay(line.slice(0, -1))).toEqual({ ok: true, value: { ...message } });
      }),
      { numRuns: 500 },
    );
  });

  test("of the agent comes back as it was", () => {
    fc.assert(
      fc.property(anyFromAgent(textOf(limits.shownBytes)), (message) => {
        const line = formatFromAgent(message);
        expect(line).toMatch(/^[\x20-\x7e]+\n$/);
        expect(parseFromAgent(line.slice(0, -1))).toEqual({ ok: true, value: { ...message } });
      }),
      { numRuns: 500 },
    );
  });

  test("of the agent fits into a line whatever text it is to show, cut at a whole character", () => {
    const huge = fc
      .string({ unit: "binary", maxLength: 40 })
      .map((text) => text.replaceAll("\0", ""))
      .chain((text) => fc.integer({ min: 1, max: 200 }).map((times) => text.repeat(times)));
    fc.assert(
      fc.property(anyFromAgent(huge), (message) => {
        const line = formatFromAgent(message);
        expect(line.length).toBeLessThanOrEqual(limits.lineBytes);
        const parsed = parseFromAgent(line.slice(0, -1));
        expect(parsed.ok).toBe(true);
        const said = (of: FromAgent) => ("text" in of ? of.text : "why" in of ? of.why : "");
        if (!parsed.ok) return;
        expect(said(message).startsWith(said(parsed.value))).toBe(true);
        const whole = Buffer.byteLength(said(message)) <= limits.shownBytes;
        if (whole) expect(said(parsed.value)).toBe(said(message));
        else expect(Buffer.byteLength(said(parsed.value))).toBeGreaterThan(limits.shownBytes - 4);
      }),
      { numRuns: 500 },
    );
  });

  test("of the agent is one line even when the text is half a character or many lines", () => {
    for (const text of ["\ud83d", "a\nEND granted", "\r\nEND granted\n", "\u2028"]) {
      const line = formatFromAgent({ word: "SHOW", tone: "info", text });
      expect(line.indexOf("\n")).toBe(line.length - 1);
      expect(line.split(" ")).toHaveLength(3);
      expect(parseFromAgent(line.slice(0, -1)).ok).toBe(true);
    }
  });

  test("of any bytes is parsed or refused, never thrown", () => {
    const words = fc.constantFrom(
      ..."BEGIN 1 2 kind=logon kind= user=alice service=x =x tty=a offline=yes ANSWER CANCEL SHOW info ASK hidden END granted refused denied".split(
        " ",
      ),
      "",
      "%00",
      "%zz",
      "__proto__=x",
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: "binary" }),
          fc.array(words, { maxLength: 8 }).map((all) => all.join(" ")),
        ),
        (line) => {
          for (const parse of [parseFromRelay, parseFromAgent]) expect(typeof parse(line).ok).toBe("boolean");
        },
      ),
      { numRuns: 1_000 },
    );
  });
});

describe("BEGIN", () => {
  const whole = "BEGIN 1 kind=logon user=alice service=login tty=/dev/tty1 rhost=203.0.113.7 lang=de";

  test("has its fields in any order", () => {
    const [, , ...fields] = whole.split(" ");
    const value = {
      word: "BEGIN",
      kind: "logon",
      user: "alice",
      service: "login",
      tty: "/dev/tty1",
      rhost: "203.0.113.7",
      lang: "de",
    };
    expect(parseFromRelay(whole)).toEqual({ ok: true, value });
    expect(parseFromRelay(["BEGIN", "1", ...fields.reverse()].join(" "))).toEqual({ ok: true, value });
  });

  test.each(["kind=logon", "user=alice", "service=login"])("without %s is refused", (needed) => {
    expect(parseFromRelay(whole.replace(` ${needed}`, "")).ok).toBe(false);
  });

  test.each(["tty=/dev/tty1", "rhost=203.0.113.7", "lang=de"])("without %s is taken", (spare) => {
    expect(parseFromRelay(whole.replace(` ${spare}`, "")).ok).toBe(true);
  });

  test.each(whole.split(" ").slice(2))(
    "with %s twice is refused, be it equal, different or empty",
    (given) => {
      const name = given.split("=")[0];
      for (const again of [given, `${name}=x`, `${name}=`]) {
        expect(parseFromRelay(`${whole} ${again}`).ok).toBe(false);
        expect(parseFromRelay(whole.replace(given, `${again} ${given}`)).ok).toBe(false);
      }
    },
  );

  test.each([
    "uid=0",
    "USER=root",
    "constructor=x",
    "__proto__=x",
    "toString=x",
    "=x",
    "user",
    "%75ser=root",
    "",
    "user==",
    "x=y=z",
  ])("with the word %j is refused", (word) => {
    expect(parseFromRelay(`${whole} ${word}`).ok).toBe(false);
    expect(parseFromRelay(`BEGIN 1 ${word} kind=logon service=login`).ok).toBe(false);
  });

  test.each(["BEGIN 2", "BEGIN 01", "BEGIN 1.0", "BEGIN", "BEGIN ", "BEGIN  1", "begin 1", " BEGIN 1"])(
    "%j is refused",
    (start) => {
      expect(parseFromRelay(whole.replace("BEGIN 1", start)).ok).toBe(false);
    },
  );

  test.each(["kind", "user", "service", "tty", "rhost", "lang"])("with an empty %s is refused", (name) => {
    expect(parseFromRelay(whole.replace(new RegExp(`${name}=[^ ]*`), `${name}=`)).ok).toBe(false);
  });

  test("each field ends at its limit: 256 bytes for the user, 128 for the others", () => {
    const long = (name: string, bytes: number) => {
      const without = whole.split(" ").filter((word) => !word.startsWith(`${name}=`));
      return parseFromRelay(`${without.join(" ")} ${name}=${"a".repeat(bytes)}`).ok;
    };
    expect([long("user", 256), long("user", 257)]).toEqual([true, false]);
    for (const name of ["service", "tty", "rhost", "lang"])
      expect([name, long(name, 128), long(name, 129)]).toEqual([name, true, false]);
  });

  test("a user name is read as user names are", () => {
    const user = (encoded: string) => parseFromRelay(`BEGIN 1 kind=logon user=${encoded} service=login`);
    expect(user("jose%CC%81")).toMatchObject({ ok: true, value: { user: "josé" } });
    for (const refused of ["", "%20alice", "alice.", "a%E2%80%8Blice", "a%0Alice"])
      expect(user(refused).ok).toBe(false);
  });
});

describe("ANSWER and CANCEL", () => {
  test("an answer may be empty, and ends at 512 bytes", () => {
    expect(parseFromRelay("ANSWER ")).toEqual({ ok: true, value: { word: "ANSWER", text: "" } });
    expect(parseFromRelay(`ANSWER ${"1".repeat(512)}`).ok).toBe(true);
    expect(parseFromRelay(`ANSWER ${"1".repeat(513)}`).ok).toBe(false);
    expect(parseFromRelay(`ANSWER ${"%31".repeat(513)}`).ok).toBe(false);
  });

  test.each([
    "ANSWER",
    "ANSWER 1 2",
    "ANSWER  1",
    "ANSWER 1 ",
    "answer 1",
    "CANCEL ",
    "CANCEL now",
    "cancel",
    "",
    " ",
    "QUIT",
  ])("%j is refused", (line) => {
    expect(parseFromRelay(line).ok).toBe(false);
  });

  test("a fault never repeats what was typed", () => {
    for (const line of [
      "ANSWER hunter2%zz",
      "ANSWER hunter2 hunter2",
      "hunter2",
      "BEGIN 1 hunter2=x",
      "BEGIN hunter2",
    ]) {
      const parsed = parseFromRelay(line);
      expect(!parsed.ok && parsed.error).not.toContain("hunter2");
    }
  });
});

describe("END", () => {
  test("granted is the one success, spelt in one way only", () => {
    expect(parseFromAgent("END granted")).toEqual({ ok: true, value: { word: "END", verdict: "granted" } });
    for (const line of [
      "END Granted",
      "END GRANTED",
      "END grante",
      "END grantedx",
      "END%20granted",
      "END %67ranted",
      " END granted",
      "END granted ",
      "END  granted",
      "end granted",
      "END granted offline=maybe",
      "END granted offline=",
      "END granted method=",
      "END granted offline=yes offline=no",
      "END granted method=a method=a",
      "END granted reason=x",
      "END granted x",
      "END",
      "END ",
    ])
      expect(`${line}: ${parseFromAgent(line).ok}`).toBe(`${line}: false`);
  });

  test.each(["denied", "locked", "unavailable"])("%s takes nothing", (verdict) => {
    expect(parseFromAgent(`END ${verdict}`)).toEqual({ ok: true, value: { word: "END", verdict } });
    for (const more of [" ", " x", " offline=yes", " method=totp"])
      expect(parseFromAgent(`END ${verdict}${more}`).ok).toBe(false);
  });

  test("refused takes one text", () => {
    expect(parseFromAgent("END refused too%20many")).toMatchObject({ ok: true, value: { why: "too many" } });
    for (const line of ["END refused", "END refused a b", "END refused a%"])
      expect(parseFromAgent(line).ok).toBe(false);
  });

  test("a method ends at 128 bytes", () => {
    expect(parseFromAgent(`END granted method=${"a".repeat(128)}`).ok).toBe(true);
    expect(parseFromAgent(`END granted method=${"a".repeat(129)}`).ok).toBe(false);
  });

  test("neither side takes the other's words", () => {
    for (const line of ["BEGIN 1 kind=logon user=alice service=login", "ANSWER 1", "CANCEL"])
      expect(parseFromAgent(line).ok).toBe(false);
    for (const line of ["SHOW info a", "ASK hidden a", "END granted"])
      expect(parseFromRelay(line).ok).toBe(false);
  });

  test.each([
    "SHOW info",
    "SHOW a",
    "SHOW info a b",
    "SHOW loud a",
    "SHOW Info a",
    "ASK hidden",
    "ASK info a",
    "SHOW hidden a",
    "ASK shown a b",
  ])("%j is refused", (line) => {
    expect(parseFromAgent(line).ok).toBe(false);
  });
});

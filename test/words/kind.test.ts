import { describe, expect, test } from "vitest";
import { kinds, parseKind } from "../../words/kind.ts";

describe("a kind of sign-in", () => {
  test("is logon, unlock, elevate or remote", () => {
    expect(kinds).toEqual(["logon", "unlock", "elevate", "remote"]);
    for (const kind of kinds) expect(parseKind(kind)).toEqual({ ok: true, value: kind });
  });

  test.each([
    "",
    "Logon",
    "LOGON",
    " logon",
    "logon ",
    "logon\n",
    "log on",
    "login",
    "constructor",
    "__proto__",
    "0",
    0,
    null,
    undefined,
    ["logon"],
    { kind: "logon" },
  ])("is not %j", (raw) => {
    const kind = parseKind(raw);
    expect(kind.ok).toBe(false);
    expect(!kind.ok && kind.error).toBe("kind must be one of logon, unlock, elevate, remote");
  });
});

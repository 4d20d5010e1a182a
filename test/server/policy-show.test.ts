// `policy show` prints the command that sets the policy: given to a real shell, it sets the same again.

import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { expect, it } from "vitest";
import { shellWord } from "../../server/cli/policy-text.ts";
import { commandLine } from "./command-line.ts";

/** The words that bash makes of a line, but for the program's name. */
function words(line: string): string[] {
  const out = execFileSync("bash", ["-c", `nightlatch-server() { printf '%s\\0' "$@"; }\n${line}`], {
    encoding: "utf8",
    env: { ...process.env, LC_ALL: "C.UTF-8" },
  });
  return out.split("\0").slice(0, -1);
}

it("the default policy, another one, and one with texts that a shell would take apart", async () => {
  const { call, json } = commandLine();
  const set = async (...args: string[]) => {
    const { code, err } = await call("policy", "set", ...args);
    expect([args, code, err]).toEqual([args, 0, expect.any(String)]);
  };
  await set("offline.signIns=none", "scope=none", "tokens.digits=8", "online.factors=totp/hotp,backup-codes");
  await set("--name", "two words", "--group", "a b", "--group", "c", "--tag", "hot.desk", "offline.days=9");
  await set(
    "--name",
    "two words",
    "texts.login=Don't `touch` \\ $(this) *",
    "texts.passwordUrl=https://corp.example/a?b=c&d",
  );
  await set("--name", "plain", "offline.days=4");
  const before = await json("policy", "list");
  const shown = [];
  for (const name of ["default", "two words", "plain"])
    shown.push((await call("policy", "show", "--", name)).out);
  expect(shown[0]).toMatch(/^nightlatch-server policy set \\\n {2}mfa=required \\\n/);
  expect(shown[0]).toContain("\n  online.factors=totp/hotp,backup-codes \\\n");
  const others = ["offline.days=1", "offline.signIns=3", "mfa=exempt", "texts.login=x", "texts.passwordUrl="];
  await set(...others);
  await set("--name", "two words", "--all-users", "--all-machines", "--position", "2", ...others);
  await set("--name", "plain", "--group", "z", ...others);
  expect(await json("policy", "list")).not.toEqual(before);
  for (const text of shown) {
    const { code, err } = await call(...words(text));
    expect([text, code, err]).toEqual([text, 0, ""]);
  }
  expect(await json("policy", "list")).toEqual(before);
});

it("any text is one word of a shell, and no more than that", () => {
  const text = fc
    .string({ unit: "binary", minLength: 1, maxLength: 30 })
    .filter((one) => one.isWellFormed() && !one.includes("\0"));
  fc.assert(
    fc.property(fc.array(text, { minLength: 1, maxLength: 40 }), (texts) => {
      expect(words(`nightlatch-server ${texts.map(shellWord).join(" ")}`)).toEqual(texts);
    }),
    { numRuns: 50 },
  );
});

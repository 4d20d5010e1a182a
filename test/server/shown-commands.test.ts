// The commands that README and guide show are commands, as they stand: whoever copies one is not told that it is none.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { commandLine } from "./command-line.ts";

const call = (...args: string[]) => commandLine(false, false).call(...args);
const program = /^(?:\.\/scripts\/)?nightlatch-server\b/;

/** What a shell would make of the lines of the blocks of this document that are for one, and run as this program. */
function shownIn(document: string): string[][] {
  const text = readFileSync(join(import.meta.dirname, "../..", document), "utf8");
  return [...text.matchAll(/^```sh\n(.*?)^```/gms)]
    .flatMap(([, block = ""]) => block.replaceAll("\\\n", " ").split("\n"))
    .filter((line) => program.test(line))
    .map((line) => wordsOf(line.replace(/\s#.*$/, "")).slice(1));
}

const wordsOf = (line: string) =>
  [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(([, one, two, three]) => one ?? two ?? three ?? "");

const documents = ["README.md", "docs/admin-guide.md"];

it("there are many of them, in both", () => {
  const counts = documents.map((document) => shownIn(document).length);
  expect([(counts[0] ?? 0) > 4, (counts[1] ?? 0) > 70]).toEqual([true, true]);
});

describe.each(documents)("%s", (document) => {
  it.each(shownIn(document).map((words) => [words.join(" "), words] as const))("%s", async (_, words) => {
    // A shell would take them for something else.
    expect(words.filter((word) => ["|", "||", "…"].includes(word) || /^[[<]/.test(word))).toEqual([]);
    const end = words.findIndex((word) => /^[>&]/.test(word));
    const args = end < 0 ? words : words.slice(0, end);
    const { code, out } = await call(...args, "--help");
    const usage = /^Usage: (.*)$/m.exec(out)?.[1] ?? "";
    expect([code, usage]).toEqual([0, expect.not.stringMatching(/\[command\]|^nightlatch-server \[/)]);
    for (const option of args.filter((word) => word.startsWith("--"))) expect(out).toMatch(`${option} `);
  });
});

describe("help", () => {
  it.each([[["audit"]], [["policy", "set"]], [["user", "group", "add"]]])(
    "of %j is that command's",
    async (names) => {
      const asked = await call("help", ...names);
      expect(asked).toEqual(await call(...names, "--help"));
      expect(asked.out).toContain(`Usage: nightlatch-server ${names.join(" ")} [`);
    },
  );
});

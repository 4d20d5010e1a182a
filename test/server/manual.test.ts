import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { keyNames, keyOf } from "../../server/configuration/keys.ts";
import { commandLine } from "./command-line.ts";

const page = (name: string): string => join(import.meta.dirname, "../../docs/man", name);
const text = (name: string): string => readFileSync(page(name), "utf8");

describe("the manual", () => {
  test("names every key of the configuration under its table, with variable and option, and no other", () => {
    const named: string[] = [];
    let table = "";
    for (const [, ss, key] of text("nightlatch-server.toml.5").matchAll(
      /^\.(?:Ss (?:\[(\w+)\]|.*)|It Cm (\w+).*)$/gm,
    )) {
      if (key === undefined) table = ss === undefined ? "" : `${ss}.`;
      else named.push(table + key);
    }
    expect(named.toSorted()).toEqual(keyNames.map((name) => keyOf(name).path.join(".")).toSorted());
    const said = text("nightlatch-server.toml.5");
    for (const name of keyNames) {
      expect(said).toContain(`.Ev ${keyOf(name).variable} ,\n.Fl -${keyOf(name).option.slice(2)} .`);
    }
  });

  test("names every default", () => {
    const said = text("nightlatch-server.toml.5");
    for (const name of keyNames) {
      const { path, whenUnset } = keyOf(name);
      const key = path.at(-1) ?? "";
      if (whenUnset === undefined || key === "trusted_proxies") continue;
      expect(said).toMatch(new RegExp(`^\\.It Cm ${key} No = .*${String(whenUnset)}`, "m"));
    }
  });

  test("names every command, and no other", async () => {
    const { out } = await commandLine(false, false).call("--help");
    const listed = [...(out.split("Commands:")[1] ?? "").matchAll(/^ {2}([a-z-]+)/gm)].map(
      ([, name]) => name,
    );
    const named = [...text("nightlatch-server.8").matchAll(/^\.It Cm ([a-z-]+)$/gm)].map(([, name]) => name);
    expect(named.toSorted()).toEqual(listed.filter((name) => name !== "help").toSorted());
  });

  test.each(["nightlatch-server.8", "nightlatch-server.toml.5"])("is well-formed: %s", (name) => {
    expect(execFileSync("mandoc", ["-Tlint", "-W", "warning", page(name)], { encoding: "utf8" })).toBe("");
  });
});

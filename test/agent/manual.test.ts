import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { exitCodes } from "../../agent/cli/exit-codes.ts";
import { fileSchema } from "../../agent/config/schema.ts";

const page = (name: string): string => join(import.meta.dirname, "../../docs/man", name);
const text = (name: string): string => readFileSync(page(name), "utf8");

/** A page as a reader has it, on one line. */
const plain = (name: string): string =>
  text(name)
    .replaceAll(/^\.(Cm|Pa|Li|Nm|Xr|Sy|Dv|Ev|It) /gm, "")
    .replaceAll(/\s+/g, " ");

describe("the manual", () => {
  test("names every key of the configuration under its table, and no other", () => {
    const keys = Object.entries(fileSchema.entries).flatMap(([name, schema]) =>
      "entries" in schema.wrapped ? [`[${name}]`, ...Object.keys(schema.wrapped.entries)] : [name],
    );
    const named = [...text("nightlatchd.toml.5").matchAll(/^\.(?:It Cm (\w+)|Ss (\[\w+\]))/gm)];
    expect(new Set(named.map(([, key, table]) => key ?? table))).toEqual(new Set(keys));
    expect(named).toHaveLength(keys.length);
  });

  test("names every exit code with its meaning", () => {
    const page = plain("nightlatch.1").replaceAll(" :", ":").toLowerCase();
    for (const { code, meaning } of Object.values(exitCodes))
      expect(page).toContain(`${code} ${meaning.toLowerCase()}`);
  });

  test.each(["nightlatch.1", "nightlatchd.8", "nightlatchd.toml.5"])("is well-formed: %s", (name) => {
    try {
      execFileSync("mandoc", ["-Tlint", "-W", "warning", page(name)], { encoding: "utf8" });
    } catch (error) {
      // Where the linter is not installed, this has nothing to say.
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return;
      throw error;
    }
  });
});

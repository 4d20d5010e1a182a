// Where the database is: said safely, or not at all.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openStore } from "../../server/store/store.ts";
import { commandLine } from "./command-line.ts";
import { temporaryFolder } from "./fixture.ts";

describe("a database URL", () => {
  it.each([
    "postgres://nl@db.example/nl",
    "postgres://nl@db.example/nl?sslmode=require",
    "postgres://nl@localhost/nl?host=db.example",
    "postgresql://nl@192.0.2.7:5432/nl?sslmode=prefer",
  ])("of another host without a checked certificate is refused: %s", async (url) => {
    await expect(openStore({ kind: "postgres", url })).rejects.toThrow("sslmode=verify-full");
  });

  it.each(["postgres://[/", "mysql://nl@localhost/nl"])("that is none is refused: %s", async (url) => {
    await expect(openStore({ kind: "postgres", url })).rejects.toThrow("postgres://");
  });

  it.each(["postgres://nl:hunter2@localhost/nl", "postgres://nl@localhost/nl?password=hunter2"])(
    "with its password at the command line is refused, and not repeated: %s",
    async (url) => {
      const { code, err } = await commandLine(false, false).call("--database", url, "user", "list");
      expect(code).toBe(2);
      expect(err).toContain("NIGHTLATCH_DATABASE");
      expect(err).not.toContain("hunter2");
    },
  );

  it("is shown without its password", async () => {
    const file = join(temporaryFolder(), "server.toml");
    writeFileSync(
      file,
      'data = "/srv/nl"\ndatabase = "postgres://nl:hunter2@localhost/nl?password=hunter2"\n',
    );
    const { out } = await commandLine(false, false).call("--config", file, "config", "show", "--json");
    expect(out).toContain("postgres://nl:…@localhost/nl?password=…");
    expect(out).not.toContain("hunter2");
  });
});

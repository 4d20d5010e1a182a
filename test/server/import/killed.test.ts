// `import users` as a process that is killed: all of it is there, or nothing.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { toBase32 } from "../../../words/base32.ts";
import { random, temporaryFolder, testServer } from "../fixture.ts";
import { databaseFor } from "../postgres/databases.ts";
import { compiled } from "../process.ts";

const program = fileURLToPath(new URL("../../../scripts/nightlatch-server", import.meta.url));
const count = 6_000;

describe("an import that is killed", () => {
  it.each([
    ["while it reads", 500],
    ["as soon as all is read", count],
  ])("%s leaves all users or none, and can be begun again", async (_, staged) => {
    const server = await testServer();
    const { db } = server.store;
    const path = join(temporaryFolder(), "people.csv");
    const lines = Array.from(
      { length: count },
      (_row, at) => `user${at},staff,${toBase32(random.bytes(20))}`,
    );
    writeFileSync(path, `name,groups,secret\n${lines.join("\n")}\n`, { mode: 0o600 });
    const args = ["--data", server.data, "--json", "import", "users", path];
    const database = await databaseFor(server.data);
    const where = database === undefined ? {} : { NIGHTLATCH_DATABASE: database };
    const env = { ...process.env, ...compiled, ...where };
    const begin = () => spawn(program, args, { stdio: ["ignore", "pipe", "inherit"], env });
    const rowsOf = async (name: "users" | "importUsers" | "userGroups" | "authenticators") => {
      const row = await db
        .selectFrom(name)
        .select(({ fn }) => fn.countAll<number>().as("count"))
        .executeTakeFirstOrThrow();
      return Number(row.count);
    };
    const killed = begin();
    const ended = once(killed, "exit");
    while ((await rowsOf("importUsers")) < staged && killed.exitCode === null) await pause(1);
    killed.kill("SIGKILL");
    await ended;
    const users = await rowsOf("users");
    expect([0, count]).toContain(users);
    expect(await rowsOf("userGroups")).toBe(users);
    expect(await rowsOf("authenticators")).toBe(users);
    const again = begin();
    let out = "";
    again.stdout.on("data", (chunk) => {
      out += String(chunk);
    });
    await once(again, "close");
    expect(JSON.parse(out)).toMatchObject({ imported: true, added: count - users, unchanged: users });
    expect(await rowsOf("authenticators")).toBe(count);
  });
});

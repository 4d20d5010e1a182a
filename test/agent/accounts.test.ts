import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type Lookup, systemAccounts } from "../../agent/platform/accounts.ts";
import { FakeClock } from "../fakes/clock.ts";
import { folder } from "./workspace.ts";

function accounts(lookup: Lookup = async () => undefined) {
  const at = folder();
  const files = { passwd: join(at, "passwd"), group: join(at, "group") };
  writeFileSync(
    files.passwd,
    "root:x:0:0::/root:/bin/sh\nalice:x:1000:1000:Alice:/home/alice:/bin/sh\nalias:x:1000:1000::/:/bin/sh\n+nis::::::\n:x:7:7::/:\n",
  );
  writeFileSync(files.group, "wheel:x:27:alice\nodd:x:no:\n");
  const clock = new FakeClock();
  const asked: string[] = [];
  const system = systemAccounts(
    clock,
    (database, key) => {
      asked.push(`${database} ${key}`);
      return lookup(database, key);
    },
    files,
  );
  return { system, clock, asked, files };
}

describe("an account", () => {
  test("of this machine is found without asking elsewhere; of two, the first", async () => {
    const { system, asked } = accounts();
    expect(await system.nameOf(0)).toBe("root");
    expect(await system.nameOf(1000)).toBe("alice");
    expect(await system.userId("alias")).toBe(1000);
    expect(await system.groupId("wheel")).toBe(27);
    expect(asked).toEqual([]);
  });

  test("of a directory is asked for once in five minutes", async () => {
    const { system, clock, asked } = accounts(async () => "carol:*:5000:5000::/:/bin/sh");
    expect(await system.nameOf(5000)).toBe("carol");
    await clock.advance(299_999);
    expect(await system.nameOf(5000)).toBe("carol");
    expect(asked).toHaveLength(1);
    await clock.advance(1);
    await system.nameOf(5000);
    expect(asked).toHaveLength(2);
  });

  test("that is nowhere is asked for once in half a minute", async () => {
    const { system, clock, asked } = accounts();
    expect(await system.nameOf(5000)).toBeUndefined();
    await clock.advance(29_999);
    await system.nameOf(5000);
    expect(asked).toEqual(["passwd 5000"]);
    await clock.advance(1);
    await system.nameOf(5000);
    expect(asked).toHaveLength(2);
  });

  test("is asked for once, however many want to know at the same time", async () => {
    const { system, asked } = accounts(async () => "carol:*:5000:5000::/:");
    await Promise.all(Array.from({ length: 20 }, () => system.nameOf(5000)));
    expect(asked).toHaveLength(1);
  });

  test.each([
    ["another account", "mallory:*:0:0::/:"],
    ["an uid that only begins alike", "carol:*:50001:0::/:"],
    ["nothing", ""],
    ["no name", ":*:5000:0::/:"],
    ["rubbish", "carol"],
  ])("is not believed when the directory answers with %s", async (_what, line) => {
    expect(await accounts(async () => line).system.nameOf(5000)).toBeUndefined();
  });

  test("without a number has none", async () => {
    expect(await accounts().system.groupId("odd")).toBeUndefined();
    expect(await accounts().system.userId("+nis")).toBeUndefined();
  });

  test("that was just made is known at once", async () => {
    const { system, files } = accounts();
    writeFileSync(files.passwd, "dave:x:2000:2000::/:\n");
    expect(await system.nameOf(2000)).toBe("dave");
  });

  test("is looked up where the system does", async () => {
    const real = systemAccounts(new FakeClock(), undefined, { passwd: "/nowhere", group: "/nowhere" });
    expect(await real.nameOf(0)).toBe("root");
    expect(await real.userId("root")).toBe(0);
    expect(await real.groupId("--help")).toBeUndefined();
    expect(await real.nameOf(4_000_000_000)).toBeUndefined();
  });
});

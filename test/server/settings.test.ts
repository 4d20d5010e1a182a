// What an admin sets for the whole server.

import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { readSetting, type Setting, writeSetting } from "../../server/settings/settings.ts";
import { startMs, testServer } from "./fixture.ts";

const colour: Setting<{ name: string; shade: number }> = {
  name: "colour",
  schema: v.strictObject({ name: v.string(), shade: v.pipe(v.number(), v.integer()) }),
  whenUnset: { name: "grey", shade: 5 },
};

describe("a setting", () => {
  it("has its value for when nobody has set it", async () => {
    const server = await testServer();
    expect(await readSetting(server.store.db, colour)).toEqual({ name: "grey", shade: 5 });
  });

  it("is kept as a whole, and the audit names the fields that changed, not what they hold", async () => {
    const server = await testServer();
    await server.store.write((tx) => writeSetting(tx, colour, { name: "green", shade: 5 }, startMs));
    await server.store.write((tx) => writeSetting(tx, colour, { name: "green", shade: 7 }, startMs));
    expect(await readSetting(server.store.db, colour)).toEqual({ name: "green", shade: 7 });
    const told = (await server.audit()).filter((entry) => entry.kind === "setting-changed");
    expect(told.map((entry) => entry.detail)).toEqual([
      { setting: "colour", changed: ["name"] },
      { setting: "colour", changed: ["shade"] },
    ]);
  });

  it.each([
    [{ name: "green" }, /shade/],
    [{ name: "green", shade: "dark" }, /^shade: /],
    [{ name: "green", shade: 1, more: 2 }, /^more: /],
    ["green", /^colour: /],
  ])("refuses %j with the field at fault, and stays as it was", async (value, fault) => {
    const server = await testServer();
    await expect(server.store.write((tx) => writeSetting(tx, colour, value, startMs))).rejects.toThrow(fault);
    expect(await readSetting(server.store.db, colour)).toEqual(colour.whenUnset);
    expect((await server.audit()).map((entry) => entry.kind)).not.toContain("setting-changed");
  });

  it("that is damaged decides nothing", async () => {
    const server = await testServer();
    await server.store.write((tx) =>
      tx.insertInto("settings").values({ name: "colour", content: "{}", updatedAtMs: startMs }).execute(),
    );
    await expect(readSetting(server.store.db, colour)).rejects.toThrow();
  });
});

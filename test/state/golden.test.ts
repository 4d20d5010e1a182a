// The whole state after a known story, opened and laid out: a change of what is kept, or of how, shows here.

import { join } from "node:path";
import { expect, test } from "vitest";
import { Rows } from "../../agent/state/rows.ts";
import { openRecord } from "../../agent/state/seal.ts";
import { House, said, storm } from "../sync/house.ts";

test("join, an online sign-in, offline a good and a bad code", async () => {
  const house = await House.build();
  const alice = await house.user("alice");
  await house.join();
  expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("granted online by totp");
  await house.clock.advance(30_000);
  house.line = storm("unreachable");
  expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("granted offline by totp");
  expect(said(await house.agent.signIn("alice", ["000000"]))).toBe("denied");

  const { keys } = house.agent.keeper.store();
  house.agent.stop();
  const rows = Rows.open(join(house.folder, "state", "state.db"));
  const state = ["head", "server", "machine-policy", "standing", "bundle", "tombstone", "event"].map(
    (table) => ({
      table,
      rows: rows.all(table).map((row) => ({
        generation: row.generation,
        content: laidOut(openRecord(keys.record, row, row.sealed)),
      })),
    }),
  );
  rows.close();
  await house.tearDown();
  await expect(`${JSON.stringify(state, steady(), 2)}\n`).toMatchFileSnapshot("golden/first-light.json");
});

/** Signed payloads and event lines are shown as what they say. */
function laidOut(content: unknown): unknown {
  if (typeof content === "string") return JSON.parse(content);
  if (typeof content !== "object" || content === null) return content;
  const fields = Object.entries(content).map(([name, value]): [string, unknown] => {
    if (name === "payload" && typeof value === "string")
      return [name, JSON.parse(Buffer.from(value, "base64").toString("utf8"))];
    return [name, typeof value === "object" && !Array.isArray(value) ? laidOut(value) : value];
  });
  return Object.fromEntries(fields);
}

/** What is random or hashed is replaced by its kind, the same value by the same name. */
function steady() {
  const names = new Map<string, string>();
  return (_key: string, value: unknown): unknown => {
    if (typeof value !== "string") return value;
    const kind = /^[0-9a-f]{16}$/.test(value)
      ? "id"
      : /^[0-9a-f]{32}$/.test(value)
        ? "id32"
        : /^[0-9a-f]{64}$/.test(value)
          ? "hash"
          : /^[A-Z2-7]{32}$/.test(value)
            ? "machine"
            : value.length > 40 && /^[A-Za-z0-9+/]+=*$/.test(value)
              ? "bytes"
              : undefined;
    if (kind === undefined || /^0+$/.test(value)) return value;
    const known = names.get(value);
    if (known !== undefined) return known;
    const name = `<${kind} ${[...names.values()].filter((each) => each.startsWith(`<${kind} `)).length + 1}>`;
    names.set(value, name);
    return name;
  };
}

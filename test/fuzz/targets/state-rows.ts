// The agent's database on a disk that somebody has written to: it opens as what was committed, or it is damage. It is never
// an empty state, another user's, or an older one.

import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import { House, said, storm, type Token } from "../../sync/house.ts";
import { flipped } from "../edits.ts";
import { expectSame, expectThat } from "../oracles.ts";
import { target } from "../target.ts";

type Input =
  | {
      readonly deed: "row";
      readonly at: number;
      readonly column: "tbl" | "id" | "generation" | "sealed";
      readonly bit: number;
    }
  | { readonly deed: "remove" | "double"; readonly at: number }
  | { readonly deed: "swap"; readonly at: number; readonly other: number }
  | { readonly deed: "byte"; readonly file: number; readonly at: number; readonly bit: number }
  | { readonly deed: "nothing" };

const at = fc.nat({ max: 40 });

export const stateRows = target<Input>({
  name: "state-rows",
  what: "rows and bytes of the agent's stored state",
  inputs: fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        deed: fc.constant("row" as const),
        at,
        column: fc.constantFrom("tbl", "id", "generation", "sealed"),
        bit: fc.nat({ max: 60_000 }),
      }),
    },
    fc.record({ deed: fc.constantFrom("remove" as const, "double" as const), at }),
    fc.record({ deed: fc.constant("swap" as const), at, other: at }),
    {
      weight: 4,
      arbitrary: fc.record({
        deed: fc.constant("byte" as const),
        file: fc.nat({ max: 3 }),
        at: fc.nat({ max: 200_000 }),
        bit: fc.nat({ max: 7 }),
      }),
    },
    fc.constant({ deed: "nothing" as const }),
  ),
  open: async () => {
    const house = await House.build();
    const alice = await house.user("alice");
    const bob = await house.user("bob");
    await house.join();
    await house.agent.signIn("alice", [alice.code()]);
    await house.agent.signIn("bob", [bob.code()]);
    await house.clock.advance(60_000);
    house.line = storm("unreachable");
    // Once offline, so that there is a spent code and an event that an older state would not have.
    const spent = alice.code();
    expectSame(
      said(await house.agent.signIn("alice", [spent])),
      "granted offline by totp",
      "a first sign-in",
    );
    house.agent.stop();
    const folder = join(house.folder, "state");
    const [wallMs, monotonicMs] = [house.clock.wallMs(), house.clock.monotonicMs()];
    const saved = new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))]));
    return {
      async try(input) {
        for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
        for (const [name, bytes] of saved) writeFileSync(join(folder, name), bytes, { mode: 0o600 });
        // The same moment of the same boot each time, or the lease would run out under the fuzzer.
        house.clock.reboot(monotonicMs);
        house.clock.setWall(wallMs);
        const changed = change(folder, input);
        const agent = house.startAgent();
        try {
          await check(house, alice, spent, input, changed);
        } finally {
          agent.stop();
        }
      },
      async close() {
        await house.tearDown();
      },
    };
  },
});

async function check(
  house: House,
  alice: Token,
  spent: string,
  input: Input,
  changed: boolean,
): Promise<void> {
  const { agent } = house;
  const condition = agent.keeper.condition().state;
  expectThat(
    ["healthy", "damaged", "unreadable", "not-joined"].includes(condition),
    `a state that is ${condition}`,
  );
  if (condition === "not-joined") {
    const keyGone = !existsSync(join(house.folder, "state", "machine.key"));
    expectThat(keyGone, "a changed state is taken for none");
  }
  const again = await agent.signIn("alice", [spent]);
  expectThat(again.end.verdict !== "granted", "a spent code is good again");
  await house.clock.advance(30_000);
  const fresh = said(await agent.signIn("alice", [alice.code()]));
  // One user's own row may be damaged alone; a bit of the file may lie where nothing is stored.
  if (condition === "healthy" && (!changed || input.deed === "nothing"))
    expectSame(fresh, "granted offline by totp", "an unchanged state doesn't let a right code in");
  const fits = ["granted offline by totp", "unavailable", "denied"].includes(fresh);
  expectThat(fits, `a right code ends as ${fresh}`);
  if (changed && ["row", "remove", "double", "swap"].includes(input.deed))
    expectThat(
      (await agent.actions.status()).state !== "healthy" || fresh === "granted offline by totp",
      "it is not seen",
    );
}

/** False when the deed comes to nothing. */
function change(folder: string, input: Input): boolean {
  if (input.deed === "nothing") return false;
  if (input.deed === "byte") {
    const name = ["state.db", "state.db", "machine.key", "recovery.json"][input.file] ?? "state.db";
    const bytes = readFileSync(join(folder, name));
    const offset = input.at % bytes.length;
    writeFileSync(join(folder, name), flipped(bytes, offset * 8 + input.bit) ?? bytes);
    return true;
  }
  const rows = new DatabaseSync(join(folder, "state.db"));
  try {
    const all = rows.prepare("SELECT tbl, id, generation, sealed FROM record ORDER BY tbl, id").all();
    const row = all[input.at % all.length];
    if (row === undefined) return false;
    const where = "WHERE tbl = ? AND id = ?";
    const name = [String(row["tbl"]), String(row["id"])] as const;
    switch (input.deed) {
      case "remove":
        rows.prepare(`DELETE FROM record ${where}`).run(...name);
        return true;
      case "double":
        rows
          .prepare(`INSERT INTO record SELECT tbl, id || '0', generation, sealed FROM record ${where}`)
          .run(...name);
        return true;
      case "swap": {
        const other = all[input.other % all.length];
        if (other === undefined || other === row) return false;
        rows.prepare(`UPDATE record SET sealed = ? ${where}`).run(other["sealed"] ?? null, ...name);
        return true;
      }
      case "row": {
        const value = row[input.column];
        const next =
          typeof value === "number"
            ? value + (input.bit % 2 === 0 ? 1 + (input.bit % 5) : -1)
            : value instanceof Uint8Array
              ? (flipped(value, input.bit) ?? value)
              : `${String(value)}x`;
        rows.prepare(`UPDATE record SET ${input.column} = ? ${where}`).run(next, ...name);
        return true;
      }
    }
  } finally {
    rows.close();
  }
}

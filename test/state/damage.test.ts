// Whatever is done to the stored state while the agent is stopped: it is damage, it is unavailable, and it is never
// taken for an empty state, for another user's, or for a younger one.

import {
  chmodSync,
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { House, said, storm, type Token } from "../sync/house.ts";

let house: House;
let alice: Token;
const folder = () => join(house.folder, "state");
const database = () => join(folder(), "state.db");
const key = () => join(folder(), "machine.key");

beforeEach(async () => {
  house = await House.build();
  alice = await house.user("alice");
  const robert = await house.user("robert");
  await house.join();
  await house.agent.signIn("alice", [alice.code()]);
  await house.agent.signIn("robert", [robert.code()]);
  await house.clock.advance(30_000);
  house.line = storm("unreachable");
  house.agent.stop();
});

afterEach(() => house.tearDown());

function sql(...statements: readonly string[]): void {
  const rows = new DatabaseSync(database());
  for (const statement of statements) rows.exec(statement);
  rows.close();
}

/** Damaged for everybody, also after another start; and nothing has been made anew in its place. */
async function expectDamaged(): Promise<void> {
  for (const agent of [house.startAgent(), house.startAgent()]) {
    expect(agent.keeper.condition().state).toBe("damaged");
    const outcome = await agent.signIn("alice", [alice.code()]);
    expect(said(outcome)).toBe("unavailable");
    expect((await agent.actions.status()).state).toBe("damaged");
  }
}

/** Two standings; their ids say nothing of whose they are. */
const standings = () => {
  const rows = new DatabaseSync(database(), { readOnly: true });
  const found = rows.prepare("SELECT id FROM record WHERE tbl = 'standing' ORDER BY id").all();
  rows.close();
  return found.map((row) => String(row["id"]));
};

describe("the whole state is damaged", () => {
  const deeds: Record<string, () => void> = {
    "the database is deleted": () => rmSync(database()),
    "the database is empty": () => writeFileSync(database(), ""),
    "the database is cut in half": () => truncateSync(database(), readFileSync(database()).length / 2),
    "the database is another program's": () =>
      sql("DELETE FROM record", "DROP TABLE record", "CREATE TABLE x (y)", "PRAGMA user_version = 0"),
    "the database is of a later version": () => sql("PRAGMA user_version = 2"),
    "the head is gone": () => sql("DELETE FROM record WHERE tbl = 'head'"),
    "the head is turned back by one generation": () =>
      sql("UPDATE record SET generation = generation - 1 WHERE tbl = 'head'"),
    "the machine policy is another row's": () =>
      sql(
        "UPDATE record SET sealed = (SELECT sealed FROM record WHERE tbl = 'server') WHERE tbl = 'machine-policy'",
      ),
    "a standing is gone": () => sql(`DELETE FROM record WHERE id = '${standings()[0]}'`),
    "a standing is doubled": () =>
      sql(
        `INSERT INTO record SELECT tbl, id || '0', generation, sealed FROM record WHERE id = '${standings()[0]}'`,
      ),
    "a standing says another generation": () =>
      sql(`UPDATE record SET generation = generation - 1 WHERE id = '${standings()[0]}'`),
    "the last event is gone": () =>
      sql("DELETE FROM record WHERE tbl = 'event' AND id = (SELECT max(id) FROM record WHERE tbl = 'event')"),
    "the first event is gone": () =>
      sql("DELETE FROM record WHERE tbl = 'event' AND id = (SELECT min(id) FROM record WHERE tbl = 'event')"),
    "the key is another one": () => writeFileSync(key(), Buffer.alloc(32, 7)),
    "the key is cut": () => truncateSync(key(), 31),
    "the key is open to others": () => chmodSync(key(), 0o644),
    "the folder is open to others": () => chmodSync(folder(), 0o755),
  };

  test.each(Object.entries(deeds))("%s", async (_name, deed) => {
    deed();
    await expectDamaged();
  });
});

test("whichever page of the database is overwritten at its beginning, it is the whole state's damage", async () => {
  const whole = readFileSync(database());
  const pages = Array.from({ length: whole.length / 4096 }, (_, page) => page);
  for (const page of pages) {
    const bytes = Buffer.from(whole);
    bytes.fill(0x7f, page * 4096, page * 4096 + 4);
    writeFileSync(database(), bytes);
    const agent = house.startAgent();
    expect([page, agent.keeper.condition().state]).toEqual([page, "damaged"]);
    expect((await agent.actions.status()).state).toBe("damaged");
    expect(said(await agent.signIn("alice", [alice.code()]))).toBe("unavailable");
    agent.stop();
  }
});

describe("one old row among new ones", () => {
  test("a standing put back as it was before the last sign-in is seen", async () => {
    copyFileSync(database(), `${database()}.old`);
    const agent = house.startAgent();
    expect(said(await agent.signIn("alice", [alice.code()]))).toBe("granted offline by totp");
    agent.stop();
    sql(
      `ATTACH '${database()}.old' AS old`,
      "DELETE FROM record WHERE tbl = 'standing'",
      "INSERT INTO record SELECT * FROM old.record WHERE tbl = 'standing'",
    );
    await expectDamaged();
  });
});

describe("one user's record is damaged", () => {
  const deeds: Record<string, () => void> = {
    "a bit is flipped": () =>
      sql("UPDATE record SET sealed = CAST(sealed || x'00' AS BLOB) WHERE tbl = 'standing'"),
    "two users' records are exchanged": () => {
      const [one, other] = standings();
      sql(
        `UPDATE record SET sealed = CASE id WHEN '${one}' THEN (SELECT sealed FROM record WHERE id = '${other}') ELSE (SELECT sealed FROM record WHERE id = '${one}') END WHERE tbl = 'standing'`,
      );
    },
    "the record is of another suite": () =>
      sql("UPDATE record SET sealed = CAST(x'0102' || substr(sealed, 3) AS BLOB) WHERE tbl = 'standing'"),
  };

  test.each(Object.entries(deeds))(
    "%s: unavailable offline, and an online MFA repairs it",
    async (_name, deed) => {
      deed();
      const agent = house.startAgent();
      const outcome = await agent.signIn("alice", [alice.code()]);
      expect(said(outcome)).toBe("unavailable");
      expect((await agent.actions.status()).state).toBe("damaged");
      house.line = (sent, pass) => pass(sent);
      await agent.online.probe();
      expect(said(await agent.signIn("alice", [alice.code()]))).toBe("granted online by totp");
      await house.clock.advance(30_000);
      house.line = storm("unreachable");
      expect(said(await agent.signIn("alice", [alice.code()]))).toBe("granted offline by totp");
    },
  );
});

describe("starting over", () => {
  test("a damaged machine can join again, and starts with nothing", async () => {
    rmSync(database());
    house.startAgent();
    house.line = (sent, pass) => pass(sent);
    await house.join();
    expect(house.agent.keeper.condition().state).toBe("healthy");
    expect((await house.agent.actions.status()).enrolments).toEqual([]);
  });

  test("a healthy machine does not join again by mistake", async () => {
    house.startAgent();
    house.line = (sent, pass) => pass(sent);
    await expect(house.join()).rejects.toThrow(/already/);
  });

  test("a revocation that was cut short after its mark is finished at the next start", async () => {
    writeFileSync(join(folder(), "revoked.json"), '{"machine":"M","serial":9}\n');
    const agent = house.startAgent();
    expect(agent.keeper.condition().state).toBe("revoked");
    expect([existsSync(key()), existsSync(database())]).toEqual([false, false]);
  });
});

describe("what a thief reads", () => {
  test("all files of a running agent are its own alone, whatever the umask", async () => {
    const before = process.umask(0);
    try {
      house.startAgent();
      rmSync(database());
      house.startAgent();
      house.line = (sent, pass) => pass(sent);
      await house.join();
      expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("granted online by totp");
    } finally {
      process.umask(before);
    }
    const modes = readdirSync(folder()).map((name) => [name, statSync(join(folder(), name)).mode & 0o777]);
    expect(modes.map(([name]) => name)).toContain("state.db-wal");
    expect(modes.filter(([, mode]) => mode !== 0o600)).toEqual([]);
  });

  test("no seed, no user name, no code and no server secret stands in the folder", async () => {
    const agent = house.startAgent();
    const code = alice.code();
    expect(said(await agent.signIn("alice", [code]))).toBe("granted offline by totp");
    agent.stop();
    const bytes = readFileSync(database()).toString("latin1");
    const { fromBase32 } = await import("../../words/base32.ts");
    const seed = Buffer.from(fromBase32(alice.secret) ?? []);
    // None of them is so short that sealed bytes have it by chance.
    for (const text of [
      seed.toString("latin1"),
      seed.toString("base64"),
      alice.secret,
      "alice",
      "robert",
      code,
      "server.test",
    ])
      expect(bytes).not.toContain(text);
  });
});

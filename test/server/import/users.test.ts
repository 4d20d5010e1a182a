// `import users`, from a file on disk to what is in the database after it.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openServer } from "../../../server/identity/open-server.ts";
import { toBase32 } from "../../../words/base32.ts";
import { commandLine } from "../command-line.ts";
import { random, temporaryFolder } from "../fixture.ts";

function site() {
  const line = commandLine();
  const folder = temporaryFolder();
  const file = (text: string, name = "people.csv") => {
    const path = join(folder, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  const users = async () => (await line.json("user", "list")) as { name: string }[];
  const server = () => openServer(line.data, line.clock, random, line.environment["NIGHTLATCH_DATABASE"]);
  return { ...line, file, folder, users, server };
}

const secret = () => toBase32(random.bytes(20));
const nothing = { added: 0, changed: 0, renamed: 0, disabled: 0, enabled: 0 };
const unmoved = { groupsJoined: 0, groupsLeft: 0, addressesSet: 0, authenticatorsAdded: 0 };

describe("an import", () => {
  it("adds users with groups and authenticators, and changes nothing the second time", async () => {
    const { call, json, file, users } = site();
    await call("user", "add", "bob", "--display-name", "B", "--group", "old");
    const [a, b] = [secret(), secret()];
    const path = file(`Login,display name,groups,disabled,secret,type,digits,counter
alice,Alice A,staff|vpn,no,${a},,8,
bob,Bob,staff,,otpauth://hotp/b?secret=${b}&counter=7 otpauth://totp/b?secret=${secret()},,,
carl,,,yes,,,,`);
    const args = ["import", "users", path, "--map", "name=Login"];
    expect(await json(...args)).toMatchObject({
      imported: true,
      rows: 3,
      badLines: 0,
      added: 2,
      changed: 1,
      unchanged: 0,
      renamed: 1,
      groupsJoined: 3,
      authenticatorsAdded: 3,
    });
    expect(await users()).toMatchObject([
      { name: "alice", displayName: "Alice A", groups: ["staff", "vpn"], authenticators: 1, disabled: false },
      { name: "bob", displayName: "Bob", groups: ["old", "staff"], authenticators: 2 },
      { name: "carl", displayName: "", groups: [], authenticators: 0, disabled: true },
    ]);
    expect(await json("authenticator", "list", "bob")).toContainEqual(
      expect.objectContaining({ type: "hotp", counter: 7 }),
    );
    const before = await json("audit");
    expect(await json(...args)).toMatchObject({ imported: true, ...nothing, ...unmoved, unchanged: 3 });
    const after = await json("audit");
    expect(after.slice(0, before.length)).toEqual(before);
    expect(after.slice(before.length).map((entry: { kind: string }) => entry.kind)).toEqual([
      "users-imported",
    ]);
    expect(JSON.stringify(after)).not.toContain(a);
  });

  it("in a dry run says what it would do, and does nothing", async () => {
    const { call, json, file, users } = site();
    await call("user", "add", "bob");
    const args = ["import", "users", file(`name,groups\nalice,staff\nbob,staff\n`)];
    const told = await json(...args, "--dry-run");
    expect(told).toMatchObject({ dryRun: true, imported: false, added: 1, changed: 1, groupsJoined: 2 });
    expect(await users()).toHaveLength(1);
    expect(await json(...args)).toEqual({ ...told, dryRun: false, imported: true });
  });

  it("with a bad line imports nothing and says which, unless it may pass over them", async () => {
    const { call, json, file, folder, users } = site();
    await call("user", "add", "Zoe");
    const hidden = "SECRET!SECRET!SECRET";
    const path = file(
      ["name,secret", "alice,", `bob,${hidden}`, "ALICE,", "zoe,", "alice,", "dan", "erna,"].join("\n"),
    );
    const errors = join(folder, "errors.csv");
    const refused = await call("import", "users", path, "--errors", errors);
    expect(refused.code).toBe(1);
    expect(refused.err.trimEnd().split("\n")).toEqual([
      "line 3, secret: not base32; if the secrets are hexadecimal, say so with --secret-encoding hex",
      "line 4, name: looks like the user on line 2",
      'line 5, name: looks like the existing user "Zoe"',
      "line 6, name: the same user as on line 2",
      "line 7: has 1 columns where the first line has 2",
      "nightlatch-server: 5 of 7 lines are bad, so nothing was imported; correct them, or say --skip-bad-lines",
    ]);
    expect(await users()).toHaveLength(1);
    const written = readFileSync(errors, "utf8");
    expect(written.trimEnd().split("\n")).toHaveLength(6);
    expect(written).toContain('5,name,"looks like the existing user ""Zoe"""');
    expect(refused.out + refused.err + written).not.toContain(hidden);
    const told = await json("import", "users", path, "--skip-bad-lines");
    expect(told).toMatchObject({ imported: true, badLines: 5, added: 2 });
    expect(told.errors).toHaveLength(5);
    expect((await users()).map(({ name }) => name)).toEqual(["Zoe", "alice", "erna"]);
  });

  it("takes a known secret with other parameters for a mistake, and more authenticators than are permitted", async () => {
    const { call, file } = site();
    const text = secret();
    await call("user", "add", "alice");
    await call("authenticator", "add", "totp", "alice", "--secret", text);
    const other = await call("import", "users", file(`name,secret,digits\nalice,${text},8\n`));
    expect(other.err).toContain("line 2, secret: the user has this secret already");
    const uris = Array.from({ length: 20 }, () => `otpauth://totp/a?secret=${secret()}`).join(" ");
    const many = await call("import", "users", file(`name,secret\nalice,${uris}\n`));
    expect(many.err).toContain("line 2, secret: the user would have more than 20 authenticators");
    expect((await call("import", "users", file(`name,secret\nalice,${text}\n`))).code).toBe(0);
  });

  it("never takes back what is spent", async () => {
    const { call, json, file, server } = site();
    const path = file(`name,secret,type,counter\nalice,${secret()},hotp,5\n`);
    await call("import", "users", path);
    const opened = await server();
    await opened.store.write((tx) => tx.updateTable("authenticators").set({ counter: 90 }).execute());
    await opened.store.close();
    expect(await json("import", "users", path)).toMatchObject({ unchanged: 1, authenticatorsAdded: 0 });
    expect(await json("authenticator", "list", "alice")).toMatchObject([{ counter: 90 }]);
  });

  it("recognises secrets from before there were digests of them", async () => {
    const { call, json, file, server } = site();
    const path = file(`name,secret\nalice,${secret()}\n`);
    await call("import", "users", path);
    const opened = await server();
    await opened.store.write((tx) =>
      tx.updateTable("authenticators").set({ keyDigest: null, secretDigest: null }).execute(),
    );
    await opened.store.close();
    expect(await json("import", "users", path)).toMatchObject({ unchanged: 1, authenticatorsAdded: 0 });
  });

  it("ends other memberships only where that is asked for, and only of whom groups are said", async () => {
    const { call, json, file, users } = site();
    for (const name of ["alice", "bob"]) await call("user", "add", name, "--group", "old");
    const path = file("name,groups\nalice,new\nbob,\n");
    await call("import", "users", path);
    expect(await users()).toMatchObject([{ groups: ["new", "old"] }, { groups: ["old"] }]);
    expect(await json("import", "users", path, "--replace-groups")).toMatchObject({
      changed: 1,
      groupsLeft: 1,
      groupsJoined: 0,
    });
    expect(await users()).toMatchObject([{ groups: ["new"] }, { groups: ["old"] }]);
  });

  it("sets addresses as if they were set one by one", async () => {
    const { call, json, file } = site();
    await call("user", "add", "bob");
    await call("user", "address", "set", "bob", "2", "bob@old.example");
    const path = file(
      "name,email,email2,phone\nalice,a@corp.example,a@home.example,+49 30 1234567\nbob,b@corp.example,bob@new.example,\n",
    );
    expect(await json("import", "users", path)).toMatchObject({ added: 1, changed: 1, addressesSet: 5 });
    expect(await json("user", "address", "list", "alice")).toMatchObject([
      { place: "mail-1", address: "a@corp.example", forCodes: true },
      { place: "mail-2", address: "a@home.example", forCodes: false },
      { place: "phone", address: "+49301234567", forCodes: true },
    ]);
    expect(await json("user", "address", "list", "bob")).toMatchObject([
      { place: "mail-1", address: "b@corp.example", forCodes: false },
      { place: "mail-2", address: "bob@new.example", forCodes: true },
    ]);
    expect(await json("import", "users", path)).toMatchObject({ unchanged: 2, addressesSet: 0 });
  });

  it("disables and enables", async () => {
    const { call, json, file, users } = site();
    await call("user", "add", "alice");
    await call("import", "users", file("name,disabled\nalice,yes\n"));
    expect(await users()).toMatchObject([{ disabled: true }]);
    expect(await json("import", "users", file("name,disabled\nalice,no\n"))).toMatchObject({ enabled: 1 });
    expect(await users()).toMatchObject([{ disabled: false }]);
    const kinds = (await json("audit")).map((entry: { kind: string }) => entry.kind);
    expect(kinds).toEqual(expect.arrayContaining(["user-disabled", "user-enabled"]));
  });

  it("leaves nothing staged, whether it was carried out, refused or broken off", async () => {
    const { call, file, server } = site();
    await call("import", "users", file("name\nalice\n"));
    await call("import", "users", file("name\n \n"));
    await call("import", "users", file(`name\nbob\n"carl\n`));
    const { store } = await server();
    for (const name of ["imports", "importUsers", "importFaults"] as const)
      expect(await store.db.selectFrom(name).selectAll().execute()).toEqual([]);
    await store.close();
  });

  it("forgets what a killed one left behind a day ago", async () => {
    const { call, clock, file, server } = site();
    await call("user", "list");
    const { store } = await server();
    const left = { id: "killed", startedAtMs: clock.wallMs() - 90_000_000 };
    await store.write((tx) => tx.insertInto("imports").values(left).execute());
    await call("import", "users", file("name\nalice\n"));
    expect(await store.db.selectFrom("imports").selectAll().execute()).toEqual([]);
    await store.close();
  });

  it("writes faults for people to read with nothing that could move a cursor", async () => {
    const { call, file, folder } = site();
    const { err } = await call("import", "users", file("name\u001b[2J,x\na,b\n"), "--map", "name=\u001b[1m");
    expect(err).not.toContain("\u001b");
    expect(existsSync(join(folder, "errors.csv"))).toBe(false);
  });

  it("of twenty thousand with ten bad lines names the ten", async () => {
    const { json, file } = site();
    const bad = new Set(Array.from({ length: 10 }, (_, at) => at * 1_900 + 7));
    const rows = Array.from({ length: 20_000 }, (_, at) =>
      bad.has(at + 2) ? `user${at}\u200b,staff` : `user${at},staff|d${at % 7}`,
    );
    const path = file(`name,groups\n${rows.join("\n")}\n`);
    const told = await json("import", "users", path, "--skip-bad-lines");
    expect(told).toMatchObject({ rows: 20_000, badLines: 10, added: 19_990, groupsJoined: 39_980 });
    expect(new Set(told.errors.map((one: { line: number }) => one.line))).toEqual(bad);
    expect(await json("import", "users", path, "--skip-bad-lines")).toMatchObject({ ...nothing, ...unmoved });
  });
});

// `export`, and the way back in by `import users`.

import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { exportAll } from "../../server/export/export.ts";
import { csvLine, readCell } from "../../server/report/csv.ts";
import { toBase32 } from "../../words/base32.ts";
import { lookAlikeKey, parseUserName } from "../../words/user-name.ts";
import { commandLine } from "./command-line.ts";
import { random, temporaryFolder, testServer } from "./fixture.ts";

const lines = (path: string) =>
  readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));

/** What has to be the same at two servers: not times, and not ids and the order that comes of them. */
const userLists = (folder: string) => ({
  users: lines(join(folder, "users.jsonl")).map(({ createdAt: _, secret, ...user }) => ({
    ...user,
    secret: String(secret ?? "")
      .split(" ")
      .sort(),
  })),
  authenticators: lines(join(folder, "authenticators.jsonl"))
    .map(({ createdAt: _c, id: _i, ...one }) => one)
    .map((one) => JSON.stringify(one))
    .sort(),
});

async function exported(line: ReturnType<typeof commandLine>, ...more: string[]) {
  const folder = join(temporaryFolder(), "out");
  const ran = await line.call("export", "--out", folder, "--json", ...more);
  expect(ran).toMatchObject({ code: 0, err: "" });
  return { folder, told: JSON.parse(ran.out) };
}

async function site() {
  const line = commandLine();
  await line.call(
    "user",
    "add",
    "alice",
    "--group",
    "staff",
    "--group",
    "vpn",
    "--display-name",
    "=HYPERLINK(1)",
  );
  await line.call("user", "add", "bob");
  await line.call("user", "address", "set", "alice", "phone", "+49301234567");
  const totp = await line.json("authenticator", "add", "totp", "alice", "--digits", "8");
  await line.call("authenticator", "add", "hotp", "alice", "--counter", "7");
  await line.call("authenticator", "add", "backup-codes", "bob");
  await line.call("policy", "set", "--group", "staff", "offline.days=3");
  return { line, secret: String(totp.secret) };
}

describe("an export", () => {
  it("has every list twice, for nobody else to read, and no secret unless it is asked for", async () => {
    const { line, secret } = await site();
    const { folder, told } = await exported(line);
    expect(told.rows).toMatchObject({ users: 2, addresses: 1, authenticators: 3, machines: 0, policies: 2 });
    const names = readdirSync(folder);
    const lists = [
      "addresses",
      "audit",
      "authenticators",
      "enrolments",
      "machines",
      "pins",
      "policies",
      "users",
    ];
    expect(names.sort()).toEqual(lists.flatMap((name) => [`${name}.csv`, `${name}.jsonl`]));
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    for (const name of names) {
      expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
      expect(readFileSync(join(folder, name), "utf8")).not.toContain(secret);
    }
    expect(lines(join(folder, "users.jsonl"))).toMatchObject([
      { name: "alice", groups: ["staff", "vpn"], phone: "+49301234567", disabled: false },
      { name: "bob", groups: [] },
    ]);
    expect(lines(join(folder, "policies.jsonl"))).toMatchObject([
      { name: "staff", groups: ["staff"], policy: { offline: { days: 3 } } },
      { name: "default", groups: [] },
    ]);
    const withSecrets = await exported(line, "--with-secrets");
    expect(readFileSync(join(withSecrets.folder, "users.csv"), "utf8")).toContain(secret);
    const audit = await line.json("audit");
    const ours = audit.filter((entry: { kind: string }) => entry.kind === "exported");
    expect(ours.map((entry: { detail: object }) => entry.detail)).toEqual([
      { withSecrets: false },
      { withSecrets: true },
    ]);
  });

  it("has no cell that a spreadsheet takes for a formula", async () => {
    const { line } = await site();
    const { folder } = await exported(line);
    const csv = readFileSync(join(folder, "users.csv"), "utf8");
    expect(csv).toContain(`"'=HYPERLINK(1)"`);
    expect(csv).toContain(`"'+49301234567"`);
  });

  it("writes into no folder that has something in it, and leaves nothing half done", async () => {
    const { line } = await site();
    const folder = join(temporaryFolder(), "out");
    mkdirSync(folder);
    writeFileSync(join(folder, "mine"), "");
    expect((await line.call("export", "--out", folder)).err).toContain("is not empty");
    expect(readdirSync(folder)).toEqual(["mine"]);
    const other = join(temporaryFolder(), "out");
    mkdirSync(`${other}.part`);
    expect((await line.call("export", "--out", other)).err).toContain("left over");
  });
});

it("an export has the machines with their tags", async () => {
  const server = await testServer();
  const { store, vault, clock } = server;
  await server.machine("laptop");
  await server.machine("desk");
  await store.write(async (tx) => {
    const [first] = await tx.selectFrom("machines").select("id").orderBy("id").execute();
    await tx
      .insertInto("machineTags")
      .values({ machineId: first?.id ?? "", tag: "field" })
      .execute();
  });
  const folder = join(temporaryFolder(), "out");
  await exportAll(store, vault, { folder, withSecrets: false }, clock.nowMs, () => undefined);
  expect(lines(join(folder, "machines.jsonl"))).toMatchObject([{ tags: ["field"] }, { tags: [] }]);
});

describe("a cell", () => {
  it("comes back as it was, whatever it begins with", () => {
    const text = fc.string({
      unit: fc.constantFrom("'", "=", "+", "-", "@", "\t", " ", "a", '"', ",", "\u200b", "\uff1d", "\u0001"),
    });
    fc.assert(
      fc.property(text, (given) => {
        const written = csvLine([given]).slice(1, -3).replaceAll('""', '"');
        expect(readCell(written)).toBe(given);
        expect(written).not.toMatch(/^[\s\p{Cc}\p{Cf}]*[=+\-@\uff1d]/u);
      }),
    );
  });
});

const nameText = fc
  .string({
    unit: fc.constantFrom("a", "B", "ä", "=", "+", "-", "@", "'", '"', ",", ";", " ", "%", "😀", "\\"),
    maxLength: 12,
  })
  .filter((name) => parseUserName(name).ok && !name.startsWith("-"));
const user = fc.record({
  name: nameText,
  displayName: fc.string({ unit: fc.constantFrom("x", "'", "=", '"', ",", " ", "ß"), maxLength: 10 }),
  groups: fc.uniqueArray(fc.constantFrom("staff", "vpn", "a-b", "Ünits 2", "x@y"), { maxLength: 3 }),
  phone: fc.boolean(),
  disabled: fc.boolean(),
  keys: fc.array(
    fc.record({
      type: fc.constantFrom("totp", "hotp", "ocra"),
      algorithm: fc.constantFrom("sha1", "sha256", "sha512"),
      digits: fc.constantFrom("6", "7", "8"),
      bytes: fc.integer({ min: 10, max: 64 }),
      number: fc.integer({ min: 10, max: 900 }),
    }),
    { maxLength: 3 },
  ),
});
const users = fc.uniqueArray(user, {
  minLength: 1,
  maxLength: 4,
  selector: ({ name }) => {
    const parsed = parseUserName(name);
    return parsed.ok ? lookAlikeKey(parsed.value) : name;
  },
});

describe("what was exported with its secrets and imported elsewhere", () => {
  it("is there as it was, and comes out the same again", async () => {
    await fc.assert(
      fc.asyncProperty(users, async (people) => {
        const first = commandLine();
        for (const person of people) {
          const groups = person.groups.flatMap((group) => ["--group", group]);
          const added = await first.call(
            "user",
            "add",
            person.name,
            "--display-name",
            person.displayName,
            ...groups,
          );
          expect(added.err).toBe("");
          if (person.phone) await first.call("user", "address", "set", person.name, "phone", "+49301234567");
          for (const { type, algorithm, digits, bytes, number } of person.keys) {
            const secret = toBase32(random.bytes(bytes));
            const suite = `OCRA-1:HOTP-${algorithm.toUpperCase()}-${digits}:QN08${number > 500 ? "-T30S" : ""}`;
            const own = type === "totp" ? ["--period", String(number)] : ["--counter", String(number)];
            const code = ["--algorithm", algorithm, "--digits", digits, ...own];
            const options = ["--secret", secret, ...(type === "ocra" ? ["--suite", suite] : code)];
            await first.call("authenticator", "add", type, person.name, ...options);
          }
          if (person.disabled) await first.call("user", "disable", person.name);
        }
        const before = await exported(first, "--with-secrets");
        const second = commandLine();
        const told = await second.json("import", "users", join(before.folder, "users.csv"));
        expect(told).toMatchObject({ imported: true, added: people.length, errors: [] });
        expect(userLists((await exported(second, "--with-secrets")).folder)).toEqual(
          userLists(before.folder),
        );
        const again = await first.json("import", "users", join(before.folder, "users.csv"));
        expect(again).toMatchObject({ added: 0, changed: 0, unchanged: people.length });
      }),
      { numRuns: 12 },
    );
  }, 120_000);
});

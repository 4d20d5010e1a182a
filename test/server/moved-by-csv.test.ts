// What one server has exported as CSV and another has imported: every authenticator is what it was, and what would let in at
// the old server lets in at the new one.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "csv-parse/sync";
import fc from "fast-check";
import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { algorithms, hotpCode } from "../../otp/hotp.ts";
import { responseTo } from "../../otp/response.ts";
import { timeStep } from "../../otp/totp.ts";
import { publicIdentity, serverFingerprint } from "../../protocol/crypto/keys.ts";
import { makeApp } from "../../server/api/app.ts";
import { openServer } from "../../server/identity/open-server.ts";
import { createJoinToken } from "../../server/machines/join-tokens.ts";
import { readCell } from "../../server/report/csv.ts";
import { toBase32 } from "../../words/base32.ts";
import { hourMs } from "../../words/clock.ts";
import { commandLine } from "./command-line.ts";
import { random, temporaryFolder } from "./fixture.ts";
import { TestMachine } from "./machine.ts";

type Line = ReturnType<typeof commandLine>;

const code = {
  algorithm: fc.constantFrom(...algorithms),
  digits: fc.constantFrom(6, 7, 8),
  secret: fc.uint8Array({ minLength: 10, maxLength: 64 }),
} as const;
const anyKey = fc.oneof(
  fc.record({ type: fc.constant("totp"), ...code, period: fc.integer({ min: 10, max: 86_400 }) }),
  fc.record({ type: fc.constant("hotp"), ...code, counter: fc.integer({ min: 0, max: 1e12 }) }),
  fc.record({
    type: fc.constant("ocra"),
    ...code,
    step: fc.constantFrom("", "-T10S", "-T59S", "-T1M", "-T59M", "-T1H"),
  }),
);
type Key = typeof anyKey extends fc.Arbitrary<infer T> ? T : never;

const suiteOf = ({ algorithm, digits, step }: Extract<Key, { type: "ocra" }>) =>
  `OCRA-1:HOTP-${algorithm.toUpperCase()}-${digits}:QN08${step}`;

function optionsOf(key: Key): readonly string[] {
  const secret = ["--secret", toBase32(key.secret)];
  if (key.type === "ocra") return [...secret, "--suite", suiteOf(key)];
  const same = [...secret, "--algorithm", key.algorithm, "--digits", String(key.digits)];
  const own = key.type === "totp" ? ["--period", String(key.period)] : ["--counter", String(key.counter)];
  return [...same, ...own];
}

function answerOf(key: Key, challenge: string, nowMs: number): string {
  const { secret, algorithm } = key;
  if (key.type === "ocra") return responseTo({ secret, suite: suiteOf(key) }, challenge, nowMs);
  const counter = key.type === "totp" ? timeStep(key.period, nowMs) : key.counter;
  return hotpCode({ secret, algorithm, digits: key.digits as 6 | 7 | 8 }, counter);
}

async function exported({ call }: Line): Promise<string> {
  const folder = join(temporaryFolder(), "out");
  expect(await call("export", "--out", folder, "--with-secrets")).toMatchObject({ code: 0 });
  return folder;
}

function table(folder: string, name: string): Record<string, string>[] {
  return parse(readFileSync(join(folder, `${name}.csv`)), { bom: true, columns: true });
}

/** But for what is a server's own: ids and times. */
const authenticators = (folder: string) =>
  table(folder, "authenticators")
    .map(({ id: _, createdAt: __, ...one }) => JSON.stringify(one))
    .sort();

/** How the right answer of each user's key is taken at this server. */
async function verdicts({ clock, data, environment }: Line, keys: readonly Key[]): Promise<string[]> {
  const server = await openServer(data, clock, random, environment["NIGHTLATCH_DATABASE"]);
  try {
    const { store, vault, identity } = server;
    const app = makeApp({ ...server, clock, random, log: pino({ level: "silent" }), syncMinutes: 60 });
    const machine = new TestMachine((request) => app.fetch(request), clock, "laptop");
    const fingerprint = serverFingerprint(publicIdentity(identity));
    const expiresAtMs = clock.nowMs + hourMs;
    const wish = { serverFingerprint: fingerprint, uses: 1, tags: [], expiresAtMs };
    await machine.join(await store.write((tx) => createJoinToken(tx, vault, wish, random, clock.nowMs)));
    const seen: string[] = [];
    for (const [at, key] of keys.entries()) {
      const [user, dialogue] = [`user-${at}`, random.bytes(16).toBase64()];
      const asked = { ...machine.asking(), dialogue, user, caller: "system" as const };
      const { challenge } = await machine.ask("challenge", asked);
      const result = await machine.verify(user, [answerOf(key, challenge, clock.nowMs)], { dialogue });
      seen.push(result.verdict === "granted" ? result.method : result.verdict);
    }
    return seen;
  } finally {
    await server.store.close();
  }
}

describe("an export as CSV", () => {
  it("has all that the one as JSON has, of each list", async () => {
    const line = commandLine();
    await line.call("user", "add", "alice", "--group", "staff");
    await line.call("user", "address", "set", "alice", "mail-1", "alice@corp.example");
    for (const type of ["totp", "hotp", "ocra", "backup-codes"])
      await line.call("authenticator", "add", type, "alice");
    await line.call("policy", "set", "--group", "staff", "pin.place=before");
    await line.call("user", "pin", "set", "alice", "--generate");
    const folder = await exported(line);
    for (const file of readdirSync(folder).filter((name) => name.endsWith(".jsonl"))) {
      const name = file.replace(".jsonl", "");
      const rows = readFileSync(join(folder, file), "utf8").split("\n").filter(Boolean);
      const cells = table(folder, name);
      for (const [at, text] of rows.entries()) {
        const row = JSON.parse(text) as Record<string, unknown>;
        expect(Object.keys(cells[at] ?? {}).sort(), name).toEqual(Object.keys(row).sort());
      }
    }
    expect(table(folder, "pins")).toMatchObject([{ user: "alice", state: "must-change" }]);
    const suites = table(folder, "authenticators").map(({ suite }) => readCell(suite ?? ""));
    expect(suites.sort()).toEqual(["", "", "", "OCRA-1:HOTP-SHA1-6:QN08"]);
  });
});

describe("what was exported as CSV and imported elsewhere", () => {
  it("lets in with the same codes, whatever the authenticators are", async () => {
    const keys = fc.uniqueArray(anyKey, {
      minLength: 1,
      maxLength: 4,
      selector: ({ secret }) => secret.toHex(),
    });
    await fc.assert(
      fc.asyncProperty(keys, async (all) => {
        const [first, second] = [commandLine(), commandLine()];
        const policy = ["online.factors=totp/hotp/ocra", "enrol=off"];
        for (const { call } of [first, second]) expect((await call("policy", "set", ...policy)).code).toBe(0);
        for (const [at, key] of all.entries()) {
          await first.call("user", "add", `user-${at}`);
          const made = await first.call("authenticator", "add", key.type, `user-${at}`, ...optionsOf(key));
          expect(made.code).toBe(0);
        }
        const before = await exported(first);
        const told = await second.json("import", "users", join(before, "users.csv"));
        expect(told).toMatchObject({ imported: true, authenticatorsAdded: all.length, errors: [] });
        expect(authenticators(await exported(second))).toEqual(authenticators(before));
        const types = all.map(({ type }) => type);
        expect(await verdicts(first, all)).toEqual(types);
        expect(await verdicts(second, all)).toEqual(types);
      }),
      { numRuns: 10 },
    );
  }, 120_000);

  it("has a token's counter, however far ahead a machine has said that it is", async () => {
    const [first, second] = [commandLine(), commandLine()];
    await first.call("user", "add", "alice");
    await first.call("authenticator", "add", "hotp", "alice");
    const { data, clock, environment } = first;
    const { store } = await openServer(data, clock, random, environment["NIGHTLATCH_DATABASE"]);
    await store.write((tx) =>
      tx.updateTable("authenticators").set({ counter: Number.MAX_SAFE_INTEGER }).execute(),
    );
    await store.close();
    const before = await exported(first);
    expect(await second.json("import", "users", join(before, "users.csv"))).toMatchObject({ imported: true });
    expect(authenticators(await exported(second))).toEqual(authenticators(before));
  });
});

// A server in a temporary folder with a clock that only moves when told.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join as pathJoin } from "node:path";
import { pino } from "pino";
import { onTestFinished } from "vitest";
import { hotpCode } from "../../otp/hotp.ts";
import { timeStep } from "../../otp/totp.ts";
import { systemRandom } from "../../platform/random.ts";
import { publicIdentity, serverFingerprint } from "../../protocol/crypto/keys.ts";
import { makeApp } from "../../server/api/app.ts";
import { type AuditEntry, listAudit } from "../../server/audit/audit.ts";
import { addOtp, makeBackupCodes, replaceBackupCodes } from "../../server/authenticators/manage.ts";
import { initServer, type OpenServer } from "../../server/identity/open-server.ts";
import { createJoinToken } from "../../server/machines/join-tokens.ts";
import { flagsOf, theMachine } from "../../server/machines/machines.ts";
import { assign } from "../../server/policies/assignments.ts";
import { changePolicies, type PolicyChange } from "../../server/policies/changes.ts";
import { addUser, theUser } from "../../server/users/users.ts";
import { type Clock, hourMs } from "../../words/clock.ts";
import { type Fetch, TestMachine } from "./machine.ts";
import { databaseFor } from "./postgres/databases.ts";

export const random = systemRandom;

/** 2026-03-01T12:00:00Z, at the beginning of a time step. */
export const startMs = 1_772_366_400_000;

export class FakeClock implements Clock {
  nowMs = startMs;
  wallMs = () => this.nowMs;
  monotonicMs = () => this.nowMs;
  sleep = () => Promise.reject(new Error("nothing here sleeps"));
  pass(ms: number): void {
    this.nowMs += ms;
  }
}

export function temporaryFolder(): string {
  const folder = mkdtempSync(pathJoin(tmpdir(), "nightlatch-server-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export interface TestServer extends OpenServer {
  readonly clock: FakeClock;
  readonly fetch: Fetch;
  readonly data: string;
  /** Where its database is when it is not in the folder. */
  readonly postgresUrl: string | undefined;
  token(uses?: number, hours?: number, tags?: readonly string[]): Promise<string>;
  /** With a TOTP authenticator; its secret. */
  userWithTotp(name: string, groups?: readonly string[]): Promise<Uint8Array>;
  addTotp(name: string): Promise<Uint8Array>;
  addHotp(name: string): Promise<Uint8Array>;
  addBackupCodes(name: string): Promise<readonly string[]>;
  policy(...assignments: string[]): Promise<void>;
  /** For one group, under its name. */
  groupPolicy(group: string, position: number, ...assignments: string[]): Promise<void>;
  namedPolicy(
    name: string,
    condition: { readonly groups?: readonly string[]; readonly tags?: readonly string[] },
    ...assignments: string[]
  ): Promise<void>;
  audit(): Promise<AuditEntry[]>;
  /** A machine that has joined. */
  machine(hostname?: string, tags?: readonly string[], token?: string): Promise<TestMachine>;
  /** Rows alone, without authenticators. */
  manyUsers(count: number, groups: readonly string[]): Promise<void>;
}

export async function testServer(log = pino({ level: "silent" })): Promise<TestServer> {
  const data = pathJoin(temporaryFolder(), "data");
  const clock = new FakeClock();
  const postgresUrl = await databaseFor(data);
  const server = await initServer(data, clock, random, postgresUrl);
  onTestFinished(() => server.store.close());
  const { store, vault, identity } = server;
  const app = makeApp({ ...server, clock, random, log, syncMinutes: 60 });
  const addOtpTo = async (type: "totp" | "hotp", name: string) => {
    const secret = random.bytes(20);
    const wish = { type, algorithm: "sha1", digits: 6, periodSeconds: 30, counter: 0, secret } as const;
    await store.write(async (tx) => addOtp(tx, vault, await theUser(tx, name), wish, random, clock.nowMs));
    return secret;
  };
  const fetch: Fetch = (request) => app.fetch(request);
  const change = (
    wish: Omit<PolicyChange & { do: "set" }, "do" | "settings">,
    assignments: readonly string[],
  ) =>
    store.write(async (tx) => {
      const settings = (present: unknown) => assign(present, assignments);
      await changePolicies(tx, { do: "set", ...wish, settings }, clock.nowMs);
    });
  const token = (uses = 1, hours = 24, tags: readonly string[] = []) => {
    const wish = {
      serverFingerprint: serverFingerprint(publicIdentity(identity)),
      uses,
      tags,
      expiresAtMs: clock.nowMs + hours * hourMs,
    };
    return store.write((tx) => createJoinToken(tx, vault, wish, random, clock.nowMs));
  };
  return {
    ...server,
    data,
    postgresUrl,
    clock,
    fetch,
    token,
    addTotp: (name) => addOtpTo("totp", name),
    addHotp: (name) => addOtpTo("hotp", name),
    async userWithTotp(name, groups = []) {
      const wish = { name, displayName: "", groups };
      await store.write((tx) => addUser(tx, wish, random, clock.nowMs));
      return addOtpTo("totp", name);
    },
    async addBackupCodes(name) {
      const made = await makeBackupCodes(random);
      await store.write(async (tx) =>
        replaceBackupCodes(tx, vault, await theUser(tx, name), made, clock.nowMs),
      );
      return made.shown;
    },
    policy: (...assignments) => change({ name: "default" }, assignments),
    groupPolicy: (group, position, ...assignments) =>
      change({ name: group, groups: [group], position }, assignments),
    namedPolicy: (name, condition, ...assignments) => change({ name, ...condition }, assignments),
    audit: () => listAudit(store.db, { limit: 10_000 }),
    async machine(hostname = "laptop", tags = [], joinToken) {
      const machine = new TestMachine(fetch, clock, hostname);
      await machine.join(joinToken ?? (await token(1, 24, tags)));
      return machine;
    },
    manyUsers: (count, groups) => insertUsers(store, count, groups),
  };
}

export function totpAt(secret: Uint8Array, atMs: number): string {
  return hotpCode({ secret, algorithm: "sha1", digits: 6 }, timeStep(30, atMs));
}

export function hotpAt(secret: Uint8Array, counter: number): string {
  return hotpCode({ secret, algorithm: "sha1", digits: 6 }, counter);
}

/** A code that `right` is not. */
export function wrongCode(right: string): string {
  return right.replace(/.$/, (last) => String((Number(last) + 1) % 10));
}

/** What an admin sees the machine flagged with. */
export async function flags(server: TestServer, machine: TestMachine): Promise<string[]> {
  return flagsOf(await theMachine(server.store.db, machine.id));
}

/** The audit entries that came from machines. */
export async function machineEvents(server: TestServer) {
  return (await server.audit()).filter((entry) => entry.source === "machine");
}

async function insertUsers(
  store: TestServer["store"],
  count: number,
  groups: readonly string[],
): Promise<void> {
  const names = Array.from({ length: count }, (_, at) => `user-${String(at).padStart(6, "0")}`);
  await store.write(async (tx) => {
    for (let at = 0; at < count; at += 500) {
      const some = names.slice(at, at + 500);
      const rows = some.map((name) => ({
        id: name,
        name,
        lookAlike: name,
        displayName: "",
        createdAtMs: startMs,
      }));
      await tx
        .insertInto("users")
        .values(rows.map((row) => ({ ...row, disabledAtMs: null, ...noFailures })))
        .execute();
      const members = some.flatMap((userId) => groups.map((groupName) => ({ userId, groupName })));
      if (members.length > 0) await tx.insertInto("userGroups").values(members).execute();
    }
  });
}

const noFailures = { failures: 0, lockedUntilMs: null, selfFailures: 0, selfLockedUntilMs: null };

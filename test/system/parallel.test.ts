// The same valid code, submitted by many processes at once through libpam and the module: one gets in, no more.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FreshCodes, hotpCode } from "../../scripts/parts/codes.ts";
import { Running } from "../../scripts/parts/program.ts";
import { driveCommand, signIn } from "../../scripts/parts/relay.ts";
import type { Provisioned } from "../../scripts/parts/server.ts";
import { buildSite, type Site, spendingOnly } from "./site.ts";

const rounds = 20;
let site: Site;

beforeAll(async () => {
  site = await buildSite([...spendingOnly, "offline.signIns=1000"]);
});
afterAll(() => site?.leave());

type NextCode = () => Promise<string>;

const makers: Record<"TOTP" | "HOTP", (user: string) => Promise<NextCode>> = {
  TOTP: async (user) => {
    const codes = new FreshCodes(await site.server.addTotp(user), 10);
    return () => codes.next();
  },
  HOTP: async (user) => {
    const { secret } = await site.server.json<Provisioned>("authenticator", "add", "hotp", user);
    let counter = 0;
    return () => hotpCode(secret, counter++);
  },
};

/** Every process is up and waits for its code before the first gets one. */
async function atOnce(processes: number, user: string, code: string): Promise<readonly string[]> {
  const command = driveCommand({ user, answers: [], confdir: site.confdir });
  const [drive = "", ...rest] = command;
  const relays = Array.from({ length: processes }, () => new Running([drive, "--rounds", "1", ...rest]));
  for (const relay of relays) relay.write(`${code}\n`);
  for (const relay of relays) relay.closeInput();
  await Promise.all(relays.map((relay) => relay.end()));
  return relays.map((relay) => /PAM_\w+/.exec(relay.said)?.[0] ?? `no result: ${relay.said}`);
}

describe.each(["TOTP", "HOTP"] as const)("one %s code", (type) => {
  test.each([16, 64])(`of %i processes lets in exactly one, ${rounds} rounds, offline`, async (processes) => {
    const user = `${type.toLowerCase()}-${processes}`;
    await site.server.cli("user", "add", user);
    const next = await makers[type](user);
    const enrolling = { user, answers: [await next()], confdir: site.confdir };
    expect((await signIn(enrolling)).result).toBe("PAM_SUCCESS");

    await site.server.stop();
    const successes: number[] = [];
    const others = new Set<string>();
    for (let round = 0; round < rounds; round++) {
      const results = await atOnce(processes, user, await next());
      successes.push(results.filter((result) => result === "PAM_SUCCESS").length);
      for (const result of results) others.add(result);
    }
    await site.server.start();
    await site.agent.sync();
    expect(successes).toEqual(Array.from({ length: rounds }, () => 1));
    others.delete("PAM_SUCCESS");
    // Refused as used, or turned away at once because too many dialogues were open.
    expect(
      [...others].filter((result) => !["PAM_AUTH_ERR", "PAM_AUTHINFO_UNAVAIL"].includes(result)),
    ).toEqual([]);
  });

  test("lets in exactly one while the server judges, 64 processes", async () => {
    const user = `${type.toLowerCase()}-online`;
    await site.server.cli("user", "add", user);
    const next = await makers[type](user);
    for (let round = 0; round < 3; round++) {
      const results = await atOnce(64, user, await next());
      expect(results.filter((result) => result === "PAM_SUCCESS")).toHaveLength(1);
    }
  });
});

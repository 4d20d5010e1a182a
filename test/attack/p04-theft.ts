// Promise 4: a stolen disk yields no code; and what the file protector does not defend, shown by doing it.

import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fromBase32 } from "../../words/base32.ts";
import { check, group, knownLimit } from "./attack.ts";
import { asUser, modeOf } from "./machine.ts";
import type { Person } from "./person.ts";
import { Site, spendingOnly } from "./site.ts";

interface Stage {
  readonly site: Site;
  readonly user: Person;
  readonly spentCode: string;
  readonly backupCode: string;
}

async function build(): Promise<Stage> {
  const site = await Site.build({ policy: spendingOnly });
  const user = await site.enrolled("margarete.findeisen");
  const made = await site.json<{ codes: string[] }>("authenticator", "add", "backup-codes", user.name);
  await site.machine.sync();
  site.offline();
  const spentCode = await user.next();
  await site.machine.signIn(user.name, spentCode);
  return { site, user, spentCode, backupCode: made.codes[0] ?? "" };
}

/** All ways in which a seed could stand in a file. */
function forms(secret: string): Record<string, Buffer> {
  const raw = Buffer.from(fromBase32(secret) ?? []);
  return {
    "the seed as base32": Buffer.from(secret),
    "the seed's bytes": raw,
    "the seed in hex": Buffer.from(raw.toString("hex")),
    "the seed in base64": Buffer.from(raw.toString("base64").replace(/=+$/, "")),
  };
}

function foundIn(folder: string, wanted: Record<string, Buffer>): string[] {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return files.flatMap((file) => {
    const bytes = readFileSync(join(file.parentPath, file.name));
    return Object.entries(wanted)
      .filter(([, needle]) => bytes.includes(needle))
      .map(([what]) => `${what} in ${file.name}`);
  });
}

export const theft = group<Stage>({
  promise: 4,
  title: "a stolen disk yields no code",
  open: build,
  close: ({ site }) => site.leave(),
  attacks: [
    {
      name: "search the whole state folder for seed, code, backup code and user",
      expected: "nothing in any form",
      quick: true,
      async run({ site, user, spentCode, backupCode }) {
        const wanted = {
          ...forms(user.secret),
          "a code": Buffer.from(spentCode),
          "a backup code": Buffer.from(backupCode),
          "a backup code without dashes": Buffer.from(backupCode.replaceAll("-", "")),
          "the user's name": Buffer.from(user.name),
          "part of the user's name": Buffer.from("findeisen"),
        };
        const found = foundIn(site.machine.agent.state, wanted);
        return check(found.length === 0, found.length === 0 ? "nothing" : found.join(", "));
      },
    },
    {
      name: "the database in another machine's state folder",
      expected: "damaged there: nobody signs in",
      quick: true,
      async run({ site, user }) {
        const thief = await site.anotherMachine();
        await thief.agent.stop();
        const stolen = site.machine.copyState();
        rmSync(join(stolen, "machine.key"));
        const own = readFileSync(join(thief.agent.state, "machine.key"));
        thief.putState(stolen);
        writeFileSync(join(thief.agent.state, "machine.key"), own, { mode: 0o600 });
        await thief.agent.start();
        site.offline();
        const seen = await thief.result(user.name, await user.next());
        const { state } = await thief.status();
        await thief.agent.stop();
        return check(seen === "unavailable" && state === "damaged", `${seen}, state ${state}`);
      },
    },
    {
      name: "the database alone, without its key",
      expected: "nobody signs in",
      async run({ site, user }) {
        const thief = await site.anotherMachine();
        await thief.agent.stop();
        const stolen = site.machine.copyState();
        rmSync(join(stolen, "machine.key"));
        thief.putState(stolen);
        await thief.agent.start();
        site.offline();
        const seen = await thief.result(user.name, await user.next());
        const { state } = await thief.status();
        await thief.agent.stop();
        return check(seen === "unavailable", `${seen}, state ${state}`);
      },
    },
    {
      name: "the whole folder with its key file on another machine",
      expected: "documented without a TPM: it works there",
      async run({ site, user }) {
        const thief = await site.anotherMachine();
        await thief.agent.stop();
        thief.putState(site.machine.copyState());
        await thief.agent.start();
        site.offline();
        const seen = await thief.result(user.name, await user.next());
        await thief.agent.stop();
        return knownLimit(["granted", "denied", "unavailable"].includes(seen), `a right code there: ${seen}`);
      },
    },
    {
      name: "another account of the machine reads the state folder",
      expected: "refused by the file system; folder 0700, key and database 0600",
      quick: true,
      async run({ site }) {
        const { state } = site.machine.agent;
        const read = await asUser(1, ["sh", "-c", `cat ${state}/* ; ls ${state}`]);
        const modes = readdirSync(state).map((name) => `${name} ${modeOf(join(state, name)).toString(8)}`);
        const closed =
          modeOf(state) === 0o700 &&
          ["machine.key", "state.db"].every((name) => modes.includes(`${name} 600`));
        return check(read.out === "" && closed, `read ${read.out.length} bytes; ${modes.join(", ")}`);
      },
    },
    {
      name: "search the server's database for seeds, codes and the secret of join tokens",
      expected: "nothing in any form",
      quick: true,
      async run({ site, user, backupCode }) {
        const { token } = await site.json<{ token: string }>("join-token", "create");
        const secret = token.split("-")[1] ?? "";
        const wanted = {
          ...forms(user.secret),
          "a backup code": Buffer.from(backupCode),
          "a backup code without dashes": Buffer.from(backupCode.replaceAll("-", "")),
          "a join token's secret": Buffer.from(secret),
          "its bytes": Buffer.from(fromBase32(secret) ?? [1, 2, 3, 4, 5, 6, 7, 8]),
        };
        // server.key lies next to it and opens it, which is documented; TLS keys are of the test's own CA.
        const found = foundIn(site.data, wanted);
        return check(found.length === 0, found.length === 0 ? "nothing" : found.join(", "));
      },
    },
  ],
});

// PINs, for promises 3, 4 and 12: guessed from many sides at once, looked for on a stolen disk, and in all that is said.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { judgeAnswer } from "../../agent/factors/answer.ts";
import { asTyped } from "../../agent/factors/masked.ts";
import { Hashing } from "../../agent/factors/hashing.ts";
import { prepareAnswers } from "../../agent/factors/prepare.ts";
import type { OpenBundle } from "../../agent/policy/standing.ts";
import { fileProtector } from "../../agent/platform/file-protector.ts";
import { heldBundle } from "../../agent/state/held.ts";
import { StateKeeper } from "../../agent/state/keeper.ts";
import { hotpCode } from "../../otp/hotp.ts";
import { looksLikeChance, maskSeed, openPin, type PinLock } from "../../otp/pin-lock.ts";
import { systemClock } from "../../platform/clock.ts";
import { systemRandom } from "../../platform/random.ts";
import { openServer } from "../../server/identity/open-server.ts";
import { changedPin, freshPin } from "../../server/pins/new-pin.ts";
import { keepPin, pinOf } from "../../server/pins/pins.ts";
import { theUser } from "../../server/users/users.ts";
import { fromBase32 } from "../../words/base32.ts";
import { converse } from "../system/plain-relay.ts";
import { check, group, knownLimit, tally } from "./attack.ts";
import type { Machine } from "./machine.ts";
import type { Person } from "./person.ts";
import { Site, spendingOnly } from "./site.ts";

const pin = "9946";
/** Rare enough to be looked for among bytes. */
const longPin = "kX7mQ2vB";
const wrongPin = "kX7mQ2vC";

/** As its user does it, by another process on the same database. `old` where there is one. */
async function choosePin(site: Site, name: string, fresh: string, old?: string): Promise<void> {
  const { store, vault } = await openServer(site.data, systemClock, systemRandom, undefined);
  try {
    const user = await theUser(store.db, name);
    const present = await pinOf(store.db, vault, user.id);
    const made =
      old === undefined || present === undefined
        ? await freshPin(fresh, systemRandom)
        : await changedPin(present, old, fresh);
    if (made === undefined) throw new Error("not the present PIN");
    await store.write((tx) => keepPin(tx, vault, user, made, false, systemClock.wallMs()));
  } finally {
    await store.close();
  }
}

async function personWithPin(site: Site, chosen: string, name?: string): Promise<Person> {
  const person = await site.person(name);
  await choosePin(site, person.name, chosen);
  const result = await site.machine.result(person.name, chosen + (await person.next()));
  if (result !== "granted") throw new Error(`${person.name} can't sign in online: ${result}`);
  return person;
}

/** What whoever has the folder reads in it: the key is in a file beside the state. */
function opened(machine: Machine, user: string): OpenBundle {
  const folder = machine.copyState();
  const keeper = new StateKeeper(folder, (at) => fileProtector(join(at, "machine.key")), systemRandom);
  try {
    const standing = keeper.store().standing(user);
    if (standing === undefined) throw new Error(`${user} is not there`);
    return heldBundle(keeper.store(), standing);
  } finally {
    keeper.close();
  }
}

function lockIn({ pin: lock }: OpenBundle): PinLock {
  if (lock === null) throw new Error("no PIN");
  const { salt, difference, cost } = lock;
  return { salt: Buffer.from(salt, "base64"), difference: Buffer.from(difference, "base64"), cost };
}

function maskedIn({ authenticators }: OpenBundle): Uint8Array {
  const [one] = authenticators;
  if (one?.type !== "totp") throw new Error("no app");
  return Buffer.from(one.secret, "base64");
}

const codeOf = (secret: Uint8Array, beside = 0) =>
  hotpCode({ secret, algorithm: "sha1", digits: 6 }, Math.floor(Date.now() / 30_000) + beside);

/** Around the right one: each takes a while, and the others are no different (all 10,000: test/policy/masked.test.ts). */
const guesses = Array.from({ length: 50 }, (_, at) => String(9_910 + at));

interface Stolen {
  readonly site: Site;
  readonly user: Person;
  readonly open: OpenBundle;
}

export const stolenPin = group<Stolen>({
  promise: 4,
  title: "a stolen disk tells no PIN, and under a PIN no seed",
  async open() {
    const site = await Site.build({ policy: [...spendingOnly, "pin.place=before"] });
    const user = await personWithPin(site, pin);
    return { site, user, open: opened(site.machine, user.name) };
  },
  close: ({ site }) => site.leave(),
  attacks: [
    {
      name: "read what the machine keeps, opened by its own key",
      expected: "no seed; of the PIN a salt, a difference and a cost",
      quick: true,
      run({ user, open }) {
        const seed = Buffer.from(fromBase32(user.secret) ?? []);
        const text = JSON.stringify(open);
        const keys = Object.keys(open.pin ?? {}).sort();
        const holds = !text.includes(seed.toString("base64")) && keys.join() === "cost,difference,salt";
        return Promise.resolve(
          check(holds, `${open.authenticators.length} seed, masked; ${keys.join(", ")}`),
        );
      },
    },
    {
      name: "try PINs on it, the right one among them",
      expected: "each gives a seed of chance and codes that a copy of the agent takes",
      quick: true,
      async run({ user, open }) {
        const seen: string[] = [];
        const right = Buffer.from(fromBase32(user.secret) ?? []).toString("hex");
        const rules = open.bundle.policy;
        const unspent = { type: "totp", id: user.id, lastStep: null } as const;
        let hit = false;
        for (const guess of guesses) {
          const seed = maskSeed(await openPin(guess, lockIn(open)), maskedIn(open));
          hit ||= seed.toHex() === right;
          const [answer] = await prepareAnswers([guess + codeOf(seed)], open, undefined, new Hashing());
          const [one] = open.authenticators;
          const typed = one && answer && asTyped(one, answer, open.pin);
          const taken = typed && judgeAnswer(typed.authenticator, unspent, typed.answer, rules, Date.now());
          seen.push(
            `${seed.length} bytes, ${looksLikeChance(seed) ? "chance" : "a sign"}, ${taken === undefined ? "refused" : "taken"}`,
          );
        }
        return check(hit && new Set(seen).size === 1, `${tally(seen)}; the right one among them: ${hit}`);
      },
    },
    {
      name: "lay what was kept before a change of the PIN beside what is kept after",
      expected: "one mask for both: there is nothing to lay side by side",
      async run({ site, user, open }) {
        await choosePin(site, user.name, "35791", pin);
        await site.machine.sync();
        const after = opened(site.machine, user.name);
        const same = Buffer.from(maskedIn(open)).equals(Buffer.from(maskedIn(after)));
        const moved = open.pin?.difference !== after.pin?.difference;
        await choosePin(site, user.name, pin, "35791");
        await site.machine.sync();
        return check(same && moved, `the same mask: ${same}; another difference: ${moved}`);
      },
    },
    {
      name: "try PINs on it with one code that was seen being typed",
      expected: "documented: the PIN and the seed",
      async run({ user, open }) {
        const seen = user.at(0);
        const found: string[] = [];
        for (const guess of guesses) {
          const seed = maskSeed(await openPin(guess, lockIn(open)), maskedIn(open));
          const step = Math.floor(Date.now() / 30_000);
          const key = { secret: seed, algorithm: "sha1", digits: 6 } as const;
          if ([-1, 0, 1].some((beside) => hotpCode(key, step + beside) === seen)) found.push(guess);
        }
        return knownLimit(found.includes(pin) && found.length < 3, `left: ${found.join(", ")}`);
      },
    },
    {
      name: "sign in with a PIN of one's own choice and the code that it gives",
      expected: "denied online, a try at the PIN; documented offline: granted where the same seed lies",
      async run({ site, user, open }) {
        const seed = maskSeed(await openPin("0000", lockIn(open)), maskedIn(open));
        const online = await site.machine.result(user.name, `0000${codeOf(seed)}`);
        const { wrongInARow } = await site.json<{ wrongInARow: number }>(
          "user",
          "pin",
          "show-state",
          user.name,
        );
        site.offline();
        // What the server has denied is spent here, as far as anybody can tell that it was a code: another one, then.
        const offline = await site.machine.result(user.name, `0000${codeOf(seed, 3)}`);
        await site.online();
        return knownLimit(
          online === "denied" && wrongInARow === 1 && offline === "granted",
          `online ${online}, ${wrongInARow} counted; offline ${offline}`,
        );
      },
    },
  ],
});

const attempts = 3;

export const guessedPin = group<Site>({
  promise: 3,
  title: "guessing at a PIN is bounded",
  open: () => Site.build({ policy: [...spendingOnly, "pin.place=before", `pin.attempts=${attempts}`] }),
  close: (site) => site.leave(),
  attacks: [
    {
      name: "16 PINs at once over two machines, each with a good code of a token",
      expected: `none granted, ${attempts} counted, then the right PIN is as wrong as any`,
      quick: true,
      async run(site) {
        const user = await personWithPin(site, pin);
        const other = await site.anotherMachine();
        const token = await site.json<{ secret: string }>("authenticator", "add", "hotp", user.name);
        const secret = fromBase32(token.secret) ?? new Uint8Array();
        const code = (counter: number) => hotpCode({ secret, algorithm: "sha1", digits: 6 }, counter);
        const at = (machine: Machine, typed: string) =>
          converse(machine.agent.dialogueSocket, user.name, typed, () => undefined);
        const ends = await Promise.all(
          Array.from({ length: 16 }, (_, n) =>
            at(n % 2 === 0 ? site.machine : other, `${1_300 + n}${code(n)}`),
          ),
        );
        const words = ends.map((end) => end.split(" ")[1] ?? "");
        const right = await at(site.machine, pin + code(16));
        const { state, wrongInARow } = await site.json<{ state: string; wrongInARow: number }>(
          "user",
          "pin",
          "show-state",
          user.name,
        );
        const holds =
          !words.includes("granted") &&
          right === "END denied" &&
          state === "locked" &&
          wrongInARow === attempts;
        return check(
          holds,
          `${tally(words)}; ${wrongInARow} counted, ${state}; then the right one: ${right}`,
        );
      },
    },
    {
      name: "a PIN with a good code, then kill -9 of the server, again and again",
      expected: `${attempts} counted, then the right PIN is as wrong as any`,
      async run(site) {
        const user = await personWithPin(site, pin);
        const token = await site.json<{ secret: string }>("authenticator", "add", "hotp", user.name);
        const secret = fromBase32(token.secret) ?? new Uint8Array();
        const code = (counter: number) => hotpCode({ secret, algorithm: "sha1", digits: 6 }, counter);
        const seen: string[] = [];
        for (let at = 0; at < attempts; at++) {
          seen.push(await site.machine.result(user.name, `${1_300 + at}${code(at)}`));
          process.kill(site.server.pid, "SIGKILL");
          await site.server.stop();
          await site.server.start();
          await site.online();
        }
        seen.push(await site.machine.result(user.name, pin + code(attempts)));
        const { state } = await site.json<{ state: string }>("user", "pin", "show-state", user.name);
        const holds = state === "locked" && seen.every((word) => word === "denied");
        return check(holds, `${tally(seen)}; ${state}`);
      },
    },
    {
      name: "many PINs offline, each with a good code",
      expected: "as many are judged as guessLimit says",
      async run(site) {
        await site.admin("policy", "set", "guessLimit=4");
        const user = await personWithPin(site, pin);
        site.offline();
        const seen: string[] = [];
        for (let at = 0; at < 7; at++)
          seen.push(await site.machine.result(user.name, `${1_300 + at}${user.at(0)}`));
        seen.push(await site.machine.result(user.name, pin + (await user.next())));
        await site.online();
        await site.admin("policy", "set", "guessLimit=10000");
        const judged = seen.filter((word) => word === "denied").length;
        return check(judged === 4 && seen.at(-1) === "unavailable", tally(seen));
      },
    },
  ],
});

export const leakedPin = group<{ readonly site: Site; readonly user: Person }>({
  promise: 12,
  title: "a PIN is nowhere to be read",
  async open() {
    const site = await Site.build({ policy: [...spendingOnly, "pin.place=after"] });
    const user = await site.person();
    await choosePin(site, user.name, longPin);
    const signIn = async (typed: string) => site.machine.result(user.name, (await user.next()) + typed);
    await signIn(longPin);
    await signIn(wrongPin);
    site.offline();
    await signIn(longPin);
    await signIn(wrongPin);
    await site.online();
    return { site, user };
  },
  close: ({ site }) => site.leave(),
  attacks: [
    {
      name: "logs, audit, exchanges, environment, command lines, state and database",
      expected: "nothing of a right or a wrong PIN",
      quick: true,
      async run({ site, user }) {
        const { agent } = site.machine;
        const file = (path: string) => readFileSync(path, "latin1");
        const proc = (pid: number) => file(`/proc/${pid}/environ`) + file(`/proc/${pid}/cmdline`);
        const texts: Record<string, string> = {
          "the agent's log": agent.said,
          "the server's log": site.server.said,
          "the audit": await site.admin("--json", "audit"),
          "user pin show-state": await site.admin("user", "pin", "show-state", user.name),
          status: (await agent.cli("status", "--json")).out,
          explain: (await agent.cli("explain", user.name)).out,
          "the agent's process": proc(agent.pid),
          "the server's process": proc(site.server.pid),
          "the agent's state": file(join(agent.state, "state.db")) + file(join(agent.state, "state.db-wal")),
          "the server's database": file(join(site.data, "nightlatch.db")),
          "the exchanges": JSON.stringify(
            site.line.seen.map(({ sent, reply }) => [sent.body.toString(), reply.body.toString()]),
          ),
        };
        const found = Object.entries(texts).flatMap(([where, text]) =>
          [longPin, wrongPin].filter((one) => text.includes(one)).map((one) => `${one} in ${where}`),
        );
        const size = Object.values(texts).reduce((sum, text) => sum + text.length, 0);
        return check(found.length === 0, found.length === 0 ? `nothing in ${size} bytes` : found.join("; "));
      },
    },
  ],
});

// Promise 2, for tokens that answer challenges: a response works once, in the dialogue that asked for it.

import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { responseTo } from "../../otp/response.ts";
import { systemRandom } from "../../platform/random.ts";
import { sealTo } from "../../protocol/crypto/sealed-box.ts";
import { fromBase32 } from "../../words/base32.ts";
import { converse } from "../system/plain-relay.ts";
import { check, group, tally } from "./attack.ts";
import { signedBy, stolenKeys } from "./insider.ts";
import type { Machine } from "./machine.ts";
import { Site, spendingOnly } from "./site.ts";

/** Somebody with such a token, who has signed in once with the server in reach. */
class Owner {
  readonly name: string;
  readonly #key: { readonly secret: Uint8Array; readonly suite: string };

  private constructor(name: string, key: { readonly secret: Uint8Array; readonly suite: string }) {
    this.name = name;
    this.#key = key;
  }

  static async of(site: Site, name: string): Promise<Owner> {
    await site.online();
    await site.admin("user", "add", name);
    const made = await site.json<{ secret: string; suite: string }>("authenticator", "add", "ocra", name);
    const owner = new Owner(name, { suite: made.suite, secret: fromBase32(made.secret) ?? new Uint8Array() });
    const first = await owner.signIn(site.machine);
    if (first !== "granted") throw new Error(`${name} can't sign in online: ${first}`);
    return owner;
  }

  to(challenge: string): string {
    return responseTo(this.#key, challenge, Date.now());
  }

  async signIn(
    machine: Machine,
    type = (challenge: string): string | Promise<string> => this.to(challenge),
  ): Promise<string> {
    const socket = machine.agent.dialogueSocket;
    const end = await converse(
      socket,
      this.name,
      (prompt) => type(challengeIn(prompt)),
      () => undefined,
    );
    return end.split(" ")[1] ?? "nothing";
  }

  /** A right sign-in of which somebody has seen both: the screen and what was typed. */
  async watched(machine: Machine): Promise<string> {
    let seen = "";
    await this.signIn(machine, (challenge) => {
      seen = this.to(challenge);
      return seen;
    });
    return seen;
  }
}

/** A dialogue that is begun, read, and left. */
function glance(machine: Machine, user: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const connection = connect(machine.agent.dialogueSocket);
  connection.on("data", (bytes) => bytes.toString().includes("ASK ") && connection.end("CANCEL\n"));
  connection.on("error", reject);
  connection.on("close", () => resolve());
  connection.write(`BEGIN 1 kind=logon user=${user} service=login\n`);
  return promise;
}

const challengeIn = (prompt: string) => /(\d{4} \d{4})\. /.exec(prompt)?.[1]?.replace(" ", "") ?? "";
const grants = (seen: readonly string[]) => seen.filter((word) => word === "granted").length;

let sequence = Date.now();
const asking = () => ({ sequence: ++sequence, sentAtMs: Date.now(), revokedThrough: 0 });
const newDialogue = () => systemRandom.bytes(16).toBase64();

/** Root on a machine: asks the server whatever it likes, with that machine's keys. */
function insider(site: Site, machine: Machine) {
  const { identity } = stolenKeys(machine.agent.state);
  const note = JSON.parse(readFileSync(join(machine.agent.state, "recovery.json"), "utf8"));
  const boxKey = Buffer.from(note.server.boxKey, "base64");
  const ask = async (path: string, body: object) => {
    const { status, body: said } = await site.line.deliver(
      signedBy(identity, path, { ...asking(), ...body }),
    );
    if (status !== 200) throw new Error(`${path}: ${status} ${said.toString().slice(0, 200)}`);
    return JSON.parse(said.toString());
  };
  return {
    challenge: async (user: string, dialogue: string): Promise<string> =>
      (await ask("/v1/challenge", { dialogue, user, caller: "system" })).challenge,
    verify: async (user: string, dialogue: string, response: string): Promise<string> => {
      const sealedAnswers = sealTo(boxKey, Buffer.from(JSON.stringify([response]), "utf8")).toBase64();
      const who = { user, kind: "logon", service: "login", caller: "system", spent: [] };
      return (await ask("/v1/verify", { dialogue, ...who, sealedAnswers })).result.verdict;
    },
  };
}

export const responsesWorkOnce = group({
  promise: 2,
  title: "a response works once, in its dialogue",
  open: () => Site.build({ policy: [...spendingOnly, "online.factors=ocra", "offline.factors=ocra"] }),
  close: (site) => site.leave(),
  attacks: [
    {
      name: "the response of the last sign-in again, online and offline",
      expected: "denied: another challenge each time",
      quick: true,
      async run(site) {
        const owner = await Owner.of(site, "again");
        const online = await owner.watched(site.machine);
        const seen = [await owner.signIn(site.machine, () => online)];
        site.offline();
        seen.push(await owner.signIn(site.machine, () => online));
        const offline = await owner.watched(site.machine);
        seen.push(await owner.signIn(site.machine, () => offline));
        const right = await owner.signIn(site.machine);
        return check(grants(seen) === 0 && right === "granted", `${tally(seen)}; a right one: ${right}`);
      },
    },
    {
      name: "the response to another dialogue's challenge while that one is open, online and offline",
      expected: "denied; the owner's own is granted",
      quick: true,
      async run(site) {
        const owner = await Owner.of(site, "beside");
        const beside = async () => {
          let thief = "";
          const own = await owner.signIn(site.machine, async (challenge) => {
            thief = await owner.signIn(site.machine, () => owner.to(challenge));
            return owner.to(challenge);
          });
          return `${thief}, ${own}`;
        };
        const seen = [await beside()];
        site.offline();
        seen.push(await beside());
        return check(
          seen.every((word) => word === "denied, granted"),
          tally(seen),
        );
      },
    },
    {
      name: "eight dialogues at once that all type the response to the first one's challenge",
      expected: "one granted, online and offline",
      async run(site) {
        const owner = await Owner.of(site, "crowd");
        const crowd = async () => {
          const first = Promise.withResolvers<string>();
          const type = (challenge: string) => {
            first.resolve(owner.to(challenge));
            return first.promise;
          };
          return grants(await Promise.all(Array.from({ length: 8 }, () => owner.signIn(site.machine, type))));
        };
        const online = await crowd();
        site.offline();
        const offline = await crowd();
        return check(online === 1 && offline === 1, `${online} online, ${offline} offline`);
      },
    },
    {
      name: "an insider plays a recorded pair from another machine: no challenge, the old dialogue's, one of its choice",
      expected: "denied, each",
      quick: true,
      async run(site) {
        const owner = await Owner.of(site, "recorded");
        const other = insider(site, await site.anotherMachine());
        const from = site.line.seen.length;
        const response = await owner.watched(site.machine);
        const verify = site.line.seen.slice(from).find(({ sent }) => sent.path === "/v1/verify");
        const { dialogue } = JSON.parse(verify?.sent.body.toString() ?? "{}");
        const seen = [
          await other.verify(owner.name, newDialogue(), response),
          await other.verify(owner.name, dialogue, response),
        ];
        await other.challenge(owner.name, dialogue);
        seen.push(await other.verify(owner.name, dialogue, response));
        return check(
          seen.every((word) => word === "denied"),
          tally(seen),
        );
      },
    },
    {
      name: "an insider begins 500 dialogues until a recorded challenge comes up",
      expected: "eight challenges, and these again",
      async run(site) {
        const owner = await Owner.of(site, "patient");
        const other = insider(site, await site.anotherMachine());
        const seen = new Set<string>();
        for (let at = 0; at < 500; at++) seen.add(await other.challenge(owner.name, newDialogue()));
        const right = await owner.signIn(site.machine);
        return check(seen.size === 8 && right === "granted", `${seen.size}; the owner meanwhile: ${right}`);
      },
    },
    {
      name: "the ninth dialogue shows the owner's challenge, the server goes, and both type its response",
      expected: "one granted, also of both offline",
      quick: true,
      async run(site) {
        const owner = await Owner.of(site, "ninth");
        const both = async (goes: () => void) => {
          let thief = "";
          const own = await owner.signIn(site.machine, async (challenge) => {
            for (let at = 0; at < 7; at++) await glance(site.machine, owner.name);
            thief = await owner.signIn(site.machine, (given) => {
              goes();
              return given === challenge ? owner.to(given) : "another challenge";
            });
            return owner.to(challenge);
          });
          return `${thief}, ${own}`;
        };
        const seen = [await both(() => site.offline()), await both(() => undefined)];
        return check(
          seen.every((words) => words === "granted, denied"),
          tally(seen),
        );
      },
    },
    {
      name: "the verdict is lost, the machine judges; the same request is delivered later, and its response typed again",
      expected: "granted once, then refused and denied",
      quick: true,
      async run(site) {
        const owner = await Owner.of(site, "lost");
        let held: Parameters<typeof site.line.deliver>[0] | undefined;
        site.weather = {
          request: async ({ sent, pass, answer, response }) => {
            if (sent.path !== "/v1/verify") return answer(await pass());
            held = sent;
            response.destroy();
          },
        };
        let typed = "";
        const first = await owner.signIn(site.machine, (challenge) => {
          typed = owner.to(challenge);
          return typed;
        });
        await site.online();
        const late = held === undefined ? "nothing held" : (await site.line.deliver(held)).status;
        const again = await owner.signIn(site.machine, () => typed);
        const entries = await site.json<{ kind: string; user: string }[]>("audit", "--limit", "100");
        const count = entries.filter(
          ({ kind, user }) => kind === "sign-in-granted" && user === owner.name,
        ).length;
        // The first one that enrolled, and the one that was judged offline.
        const holds = first === "granted" && late === 409 && again === "denied" && count === 2;
        return check(holds, `${first}, ${late}, ${again}; ${count - 1} granted since in the audit`);
      },
    },
    {
      name: "kill -9 of the agent between challenge and response, and the response after",
      expected: "denied; a right one is granted",
      quick: true,
      async run(site) {
        const owner = await Owner.of(site, "killed");
        site.offline();
        let typed = "";
        await owner
          .signIn(site.machine, (challenge) => {
            typed = owner.to(challenge);
            process.kill(site.machine.agent.pid, "SIGKILL");
            return typed;
          })
          .catch(() => "no END");
        await site.machine.restart();
        const seen = await owner.signIn(site.machine, () => typed);
        const right = await owner.signIn(site.machine);
        return check(seen === "denied" && right === "granted", `${seen}; a right one: ${right}`);
      },
    },
  ],
});

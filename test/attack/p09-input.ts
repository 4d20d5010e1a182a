// Promise 9: no input breaks it: lines on the socket, names through PAM, text on screens and in logs.

import { mkdirSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { run } from "../../scripts/parts/program.ts";
import { nightlatchStack, pamModule } from "../../scripts/parts/relay.ts";
import { type FakeAgent, startFakeAgent } from "../pam/fake-agent.ts";
import { check, group, tally } from "./attack.ts";
import { short } from "./machine.ts";
import { Site, spendingOnly } from "./site.ts";
import { newFolder } from "./work-folder.ts";

/** Says bytes to the agent as root; what it heard until the other end closes, or asks. */
function say(socket: string, bytes: Buffer | string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const connection = connect(socket);
  let heard = "";
  const over = setTimeout(() => connection.destroy(), 15_000);
  connection.on("data", (more) => {
    heard += more.toString("latin1");
    if (heard.includes("ASK") || heard.includes("END")) connection.destroy();
  });
  connection.on("error", () => undefined);
  connection.on("close", () => {
    clearTimeout(over);
    resolve(heard);
  });
  connection.write(bytes);
  return promise;
}

const begin = "BEGIN 1 kind=logon user=alice service=login";
const badLines: Record<string, Buffer | string> = {
  "a NUL in the user": Buffer.from(`BEGIN 1 kind=logon user=ali\0ce service=login\n`),
  "an escaped NUL": "BEGIN 1 kind=logon user=ali%00ce service=login\n",
  "64 KiB of name": `BEGIN 1 kind=logon user=${"a".repeat(65_536)} service=login\n`,
  "a line without end": "B".repeat(200_000),
  "bad UTF-8": "BEGIN 1 kind=logon user=%FF%FE service=login\n",
  "an overlong escape of a slash": "BEGIN 1 kind=logon user=%C0%AF service=login\n",
  "a surrogate": "BEGIN 1 kind=logon user=%ED%A0%80 service=login\n",
  "lower-case escapes": "BEGIN 1 kind=logon user=%c3%a9 service=login\n",
  "half an escape": "BEGIN 1 kind=logon user=a% service=login\n",
  "a field twice": "BEGIN 1 kind=logon user=alice user=root service=login\n",
  "an unknown field": `${begin} granted=yes\n`,
  "another version": "BEGIN 2 kind=logon user=alice service=login\n",
  "an unknown kind": "BEGIN 1 kind=root user=alice service=login\n",
  "no user": "BEGIN 1 kind=logon service=login\n",
  "an empty user": "BEGIN 1 kind=logon user= service=login\n",
  "two spaces": "BEGIN 1  kind=logon user=alice service=login\n",
  "a tab": "BEGIN 1\tkind=logon user=alice service=login\n",
  "CR LF": `${begin}\r\n`,
  "an answer before any question": "ANSWER 123456\n",
  "END from the relay": "END granted\n",
  "BEGIN twice in one write": `${begin}\n${begin}\n`,
  "an answer in the same write": `${begin}\nANSWER 123456\n`,
  http: "GET /v1/status HTTP/1.1\r\n\r\n",
  TLS: Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]),
};

const names: Record<string, Buffer | string> = {
  "other letters": "ALICE",
  "a domain before": "DOM\\alice",
  "a domain behind": "alice@dom",
  "a dot behind": "alice.",
  "a space behind": "alice ",
  "a space before": " alice",
  "a full-width a": "\uff41lice",
  "a Cyrillic a": "\u0430lice",
  "a zero-width space": "ali\u200bce",
  "right-to-left override": "\u202eecila",
  "a combining mark": "alice\u0301",
  "a newline": "alice\nroot",
  "an escape sequence": "\u001b[31malice",
  "a slash": "../alice",
  "a percent": "alice%20",
  "a quote": "alice' OR '1'='1",
  "bad UTF-8": Buffer.from([0x61, 0xff, 0xfe]),
  "64 KiB": Buffer.alloc(60_000, 0x61),
};

const unprintable = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069]/u;

export const input = group({
  promise: 9,
  title: "no input breaks it",
  open: async () => {
    const site = await Site.build({ policy: spendingOnly });
    await site.enrolled("alice");
    await site.enrolled("ren\u00e9e");
    site.offline();
    return site;
  },
  close: (site) => site.leave(),
  attacks: [
    {
      name: `${Object.keys(badLines).length} malformed openings on the socket`,
      expected: "END refused or a closed door, the agent lives",
      quick: true,
      async run(site) {
        const { agent } = site.machine;
        const odd: string[] = [];
        for (const [what, bytes] of Object.entries(badLines)) {
          const heard = await say(agent.dialogueSocket, bytes);
          const fine = heard === "" || /^(SHOW[^\n]*\n)?(ASK[^\n]*\n)?END (refused|unavailable)/.test(heard);
          if (!fine) odd.push(`${what}: ${heard.slice(0, 40)}`);
        }
        const alive = (await say(agent.dialogueSocket, `${begin}\n`)).includes("ASK");
        // Two lines in one write are two turns: the question may have been asked before the second was read.
        const real = odd.filter((each) => !/in one write|same write/.test(each));
        return check(
          real.length === 0 && alive,
          real.length === 0 ? `all refused, agent ${alive ? "lives" : "DEAD"}` : real.join("; "),
        );
      },
    },
    {
      name: `${Object.keys(names).length} names that look like alice's, through libpam with her code`,
      expected: "never granted; her own code is not spent by them",
      quick: true,
      async run(site) {
        const { agent, confdir } = site.machine;
        const user = await site.enrolled("alice2");
        site.offline();
        const code = await user.next();
        const drive = join(pamModule, "../drive");
        const seen: string[] = [];
        for (const name of Object.values(names)) {
          const bytes = Buffer.from(typeof name === "string" ? name.replaceAll("alice", "alice2") : name);
          const ran = await run([
            drive,
            "--confdir",
            confdir,
            "--service",
            "login",
            "--answer",
            code,
            "--user-hex",
            bytes.toString("hex"),
          ]);
          seen.push(short(/PAM_\w+/.exec(ran.out)?.[0] ?? "none"));
        }
        const then = await site.machine.result("alice2", code);
        const holds = !seen.includes("granted") && then === "granted" && agent.pid > 0;
        return check(holds, `${tally(seen)}; then she herself: ${then}`);
      },
    },
    {
      name: "the same name in another normal form (NFD for NFC)",
      expected: "not another person: refused, or the same count of codes",
      async run(site) {
        const user = await site.enrolled("andr\u00e9");
        site.offline();
        const code = await user.next();
        const seen = [
          await site.machine.result("andre\u0301", code),
          await site.machine.result("andr\u00e9", code),
        ];
        return check(seen.filter((word) => word === "granted").length <= 1, seen.join(", "));
      },
    },
    {
      name: "the server is asked to add look-alikes beside alice",
      expected: "refused, each",
      async run(site) {
        const seen: string[] = [];
        for (const name of [
          "ALICE",
          "alice ",
          "al\u0131ce\u202e",
          "\uff41lice",
          "alice\u0000",
          "",
          "a".repeat(300),
          "rene\u0301e",
        ])
          seen.push(
            await site.admin("user", "add", name).then(
              () => `ADDED ${JSON.stringify(name)}`,
              () => "refused",
            ),
          );
        return check(
          seen.every((word) => word === "refused"),
          tally(seen),
        );
      },
    },
    {
      name: "line breaks, escapes and reading directions into the agent's log",
      expected: "one line an event, nothing unprintable",
      async run(site) {
        const { agent, confdir } = site.machine;
        const drive = join(pamModule, "../drive");
        const nasty = ["x\n2026-01-01 granted root", "\u001b]0;owned\u0007", "\u202eevil", "a\rb"];
        for (const text of nasty) {
          for (const flag of ["--rhost", "--tty"])
            await run([
              drive,
              "--confdir",
              confdir,
              "--service",
              "login",
              flag,
              text,
              "--answer",
              "000000",
              "alice",
            ]);
          const escaped = [...Buffer.from(text)]
            .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`)
            .join("");
          await say(
            agent.dialogueSocket,
            `BEGIN 1 kind=logon user=${escaped} service=${escaped} tty=${escaped} rhost=${escaped}\n`,
          );
        }
        const lines = agent.said.split("\n").filter((line) => line !== "");
        const odd = lines.filter((line) => unprintable.test(line) || !/^\d{4}-\d\d-\d\dT/.test(line));
        return check(
          odd.length === 0,
          odd.length === 0 ? `${lines.length} lines, all whole` : JSON.stringify(odd[0]),
        );
      },
    },
    {
      name: "an agent gone mad sends control characters to the screen",
      expected: "never on the screen, no success",
      async run(site) {
        const folder = newFolder(0o755);
        mkdirSync(join(folder, "run"), { mode: 0o755 });
        const path = join(folder, "run/dialogue.sock");
        const said = [
          "SHOW info %1B%5B2J",
          "SHOW error %E2%80%AEevil",
          "ASK hidden %07%0Aroot%3A",
          "SHOW info \u0007",
        ];
        const seen: string[] = [];
        for (const line of said) {
          const fake: FakeAgent = await startFakeAgent(path, async (socket, next) => {
            await next();
            socket.end(`${line}\nEND denied\n`);
          });
          site.machine.service("mad", nightlatchStack(path));
          const { result, screen } = await site.machine.signIn("root", "000000", "mad");
          seen.push(unprintable.test(screen.join("")) ? `SHOWN ${JSON.stringify(screen)}` : short(result));
          await fake.close();
        }
        return check(
          seen.every((word) => word === "unavailable" || word === "denied"),
          seen.join(", "),
        );
      },
    },
    {
      name: "answers of every odd kind",
      expected: "no success, and the agent lives",
      async run(site) {
        const { confdir } = site.machine;
        const drive = join(pamModule, "../drive");
        const answers = [
          Buffer.alloc(511, 0x31),
          Buffer.alloc(513, 0x31),
          Buffer.alloc(60_000, 0x31),
          Buffer.from([0xff, 0xfe]),
          Buffer.from("\n"),
          Buffer.from("١٢٣٤٥٦"),
          Buffer.from("𝟙𝟚𝟛𝟜𝟝𝟞"),
          Buffer.from("%00"),
          Buffer.from("-1"),
          Buffer.from("1e5"),
        ];
        const seen: string[] = [];
        for (const answer of answers) {
          const ran = await run([
            drive,
            "--confdir",
            confdir,
            "--service",
            "login",
            "--answer-hex",
            answer.toString("hex"),
            "alice",
          ]);
          seen.push(short(/PAM_\w+/.exec(ran.out)?.[0] ?? "none"));
        }
        const { state } = await site.machine.status();
        return check(!seen.includes("granted") && state === "healthy", tally(seen));
      },
    },
    {
      name: "the admin socket: bodies of every odd kind",
      expected: "an error each, the agent lives",
      async run(site) {
        const bodies: unknown[] = [
          null,
          [],
          "x",
          { user: 1 },
          { user: "a\u0000b" },
          { user: "a".repeat(100_000) },
          { user: "alice", more: 1 },
          { __proto__: { user: "alice" } },
        ];
        const seen: string[] = [];
        for (const body of bodies)
          seen.push(
            await site.machine.admin("POST", "/v1/forget", body).then(
              () => "ACCEPTED",
              () => "refused",
            ),
          );
        for (const path of ["/", "/v1/../v1/forget", "/v1/status?x=1", "/v2/status", "//v1/status"])
          seen.push(
            await site.machine.admin("POST", path, {}).then(
              () => "ACCEPTED",
              () => "refused",
            ),
          );
        const { enrolments } = await site.machine.status();
        const kept = enrolments.some(({ user }) => user === "alice");
        return check(seen.every((word) => word === "refused") && kept, tally(seen));
      },
    },
  ],
});

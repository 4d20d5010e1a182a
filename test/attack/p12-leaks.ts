// Promise 12: nothing secret leaks. A day of one user with everything that can happen, then a search through all that was
// said, logged, kept, sent or shown.

import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../scripts/parts/program.ts";
import { pamModule } from "../../scripts/parts/relay.ts";
import { fromBase32 } from "../../words/base32.ts";
import { cannotRun, check, group } from "./attack.ts";
import type { Person } from "./person.ts";
import { Site, wideWindow } from "./site.ts";

interface Stage {
  readonly site: Site;
  readonly user: Person;
  /** What must be nowhere, by its name. */
  readonly secrets: ReadonlyMap<string, string>;
  readonly syslog: string;
}

const drive = join(pamModule, "../drive");

async function wholeDay(): Promise<Stage> {
  const site = await Site.build({ policy: [...wideWindow, "lockout.failures=4"] });
  const { agent, confdir } = site.machine;
  const user = await site.person("wilhelmine");
  const { codes: backup } = await site.json<{ codes: string[] }>(
    "authenticator",
    "add",
    "backup-codes",
    user.name,
  );
  const typed: string[] = [];
  let syslog = "";
  const signIn = async (code: string) => {
    typed.push(code);
    const ran = await run([
      drive,
      "--log",
      "--confdir",
      confdir,
      "--service",
      "login",
      "--answer",
      code,
      user.name,
    ]);
    syslog += ran.out + ran.err;
  };
  await signIn(await user.next());
  await signIn(user.wrong());
  site.offline();
  await signIn(await user.next());
  await signIn(typed[2] ?? "");
  await signIn(backup[0] ?? "");
  // A code where it does not belong, as people do type it.
  await run([drive, "--log", "--confdir", confdir, "--service", "login", "--answer", "", await user.next()]);
  for (let at = 1; at < 6; at++) await signIn(user.wrong(at));
  await site.online();
  await signIn(await user.next());
  const { token } = await site.json<{ token: string }>("join-token", "create");
  const other = await site.anotherMachine();
  await other.admin("POST", "/v1/join", { url: site.line.url, token }).catch(() => undefined);
  await agent.cli("sign-in", user.name);
  await site.machine.sync();
  const raw = Buffer.from(fromBase32(user.secret) ?? []);
  const secrets = new Map([
    ["the seed", user.secret],
    ["the seed in hex", raw.toString("hex")],
    ["the seed in base64", raw.toString("base64")],
    ["a join token's secret", token.split("-")[1] ?? ""],
    ["a backup code", backup[0] ?? ""],
    ["a backup code not used", backup[1] ?? ""],
    ["a backup code without dashes", (backup[0] ?? "").replaceAll("-", "")],
    ...typed.map((code, at): [string, string] => [`code ${at + 1}`, code]),
  ]);
  return { site, user, secrets, syslog };
}

/** Six digits may stand within a longer number, such as a time in nanoseconds; that is not the code. */
function leaks({ secrets }: Stage, texts: Readonly<Record<string, string>>): string[] {
  return Object.entries(texts).flatMap(([where, text]) =>
    [...secrets]
      .filter(([, secret]) =>
        /^\d+$/.test(secret) ? new RegExp(`(?<![\\d.])${secret}(?![\\d])`).test(text) : text.includes(secret),
      )
      .map(([what]) => `${what} in ${where}`),
  );
}

function verdict(stage: Stage, texts: Readonly<Record<string, string>>) {
  const found = leaks(stage, texts);
  const sizes = Object.entries(texts).map(([where, text]) => `${where} ${text.length}`);
  return check(
    found.length === 0,
    found.length === 0 ? `nothing in ${sizes.join(", ")} bytes` : found.join("; "),
  );
}

const proc = (pid: number, file: string) => readFileSync(`/proc/${pid}/${file}`, "latin1");

export const leaksOfSecrets = group<Stage>({
  promise: 12,
  title: "nothing secret leaks",
  open: wholeDay,
  close: ({ site }) => site.leave(),
  attacks: [
    {
      name: "the search itself: a text with a code and a seed",
      expected: "found",
      quick: true,
      async run(stage) {
        const text = [...stage.secrets.values()].join("\n");
        const found = leaks(stage, { it: text });
        return check(found.length >= stage.secrets.size, `${found.length} of ${stage.secrets.size}`);
      },
    },
    {
      name: "logs of agent, server and PAM module",
      expected: "no seed, code, token or backup code",
      quick: true,
      run: async (stage) =>
        verdict(stage, {
          agent: stage.site.machine.agent.said,
          server: stage.site.server.said,
          module: stage.syslog,
        }),
    },
    {
      name: "environment and command line of agent and server",
      expected: "nothing",
      run: async (stage) => {
        const { pid } = stage.site.machine.agent;
        return verdict(stage, {
          "agent's environ": proc(pid, "environ"),
          "agent's cmdline": proc(pid, "cmdline"),
          "server's environ": proc(stage.site.server.pid, "environ"),
          "server's cmdline": proc(stage.site.server.pid, "cmdline"),
        });
      },
    },
    {
      name: "audit, lists of users, machines, enrolments and authenticators",
      expected: "nothing",
      run: async (stage) => {
        const { site, user } = stage;
        return verdict(stage, {
          audit: await site.admin("--json", "audit"),
          users: await site.admin("--json", "user", "list"),
          machines: await site.admin("--json", "machine", "list"),
          enrolments: await site.admin("--json", "enrolment", "list"),
          authenticators: await site.admin("--json", "authenticator", "list", user.name),
          tokens: await site.admin("--json", "join-token", "list"),
        });
      },
    },
    {
      name: "status, explain and doctor on the machine",
      expected: "nothing",
      run: async (stage) => {
        const { agent } = stage.site.machine;
        const said = async (...args: string[]) => {
          const { out, err } = await agent.cli(...args);
          return out + err;
        };
        return verdict(stage, {
          status: await said("status", "--json"),
          explain: await said("explain", stage.user.name, "--json"),
          doctor: await said("doctor"),
        });
      },
    },
    {
      name: "everything on the wire, TLS opened by a rogue CA",
      expected: "no seed, code, token or backup code",
      quick: true,
      run: async (stage) => {
        const { seen } = stage.site.line;
        const text = seen.map(
          ({ sent, reply }) =>
            JSON.stringify(sent.headers) +
            sent.body.toString() +
            JSON.stringify(reply.headers) +
            reply.body.toString(),
        );
        return verdict(stage, { [`${seen.length} exchanges`]: text.join("\n") });
      },
    },
    {
      name: "error bodies of the server for requests with a code in every place",
      expected: "fixed texts",
      run: async (stage) => {
        const { site, secrets } = stage;
        const code = secrets.get("code 1") ?? "";
        const bodies = [`{"code":"${code}"`, `["${code}"]`, code, `{"sequence":"${code}"}`];
        const texts: string[] = [];
        for (const path of [
          "/v1/verify",
          "/v1/sync",
          "/v1/join",
          `/v1/${code}`,
          `/${code}`,
          `/v1/verify?code=${code}`,
        ])
          for (const body of bodies) {
            const reply = await site.line.deliver({
              path,
              headers: { "x-code": code, "content-type": "application/json" },
              body: Buffer.from(body),
            });
            texts.push(reply.body.toString() + JSON.stringify(reply.headers));
          }
        return verdict(stage, { [`${texts.length} answers`]: texts.join("\n") });
      },
    },
    {
      name: "the signing-in program's memory after the sign-in",
      expected: "what was typed is not left in it",
      run: async ({ site, user }) => {
        // Long and random, so that nothing else in memory looks like it; the search is for its second half.
        const answer = randomBytes(40).toString("hex");
        const ran = await run([
          drive,
          "--confdir",
          site.machine.confdir,
          "--service",
          "login",
          "--answer-hex",
          Buffer.from(answer).toString("hex"),
          "--search-memory",
          user.name,
        ]);
        const found = /memory: (\d+)/.exec(ran.out)?.[1] ?? "not searched";
        return check(found === "0", `found: ${found}`);
      },
    },
    cannotRun("core dumps and swap", "not promised: docs/known-limits.md says so"),
  ],
});

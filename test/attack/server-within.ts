// What the server owes besides, where somebody is within: no injection by a machine or a command, no more than a machine may,
// tokens for once, admins audited, no secret where others can read it.

import { Running, run } from "../../scripts/parts/program.ts";
import { check, group, knownLimit, tally } from "./attack.ts";
import { asking, signedBy, stolenKeys } from "./insider.ts";
import { programs } from "./programs.ts";
import { Machine } from "./machine.ts";
import { Site, wideWindow } from "./site.ts";

const sql = [
  "' OR '1'='1",
  "'; DROP TABLE user; --",
  '" OR 1=1 --',
  "\\'; ATTACH DATABASE 'x' AS x; --",
  "1; VACUUM",
  "%' UNION SELECT * FROM authenticator --",
];

/** A sign-in that is well-formed, whose answers nobody can open. */
function verifyOf(user: string, dialogue: number) {
  return {
    ...asking(),
    dialogue: Buffer.alloc(16, dialogue).toString("base64"),
    user,
    kind: "logon",
    service: "login",
    caller: "system",
    sealedAnswers: Buffer.alloc(64).toString("base64"),
    spent: [],
  };
}

export const serverWithin = group({
  promise: "server",
  title: "the server and those within",
  open: () => Site.build({ policy: [...wideWindow] }),
  close: (site) => site.leave(),
  attacks: [
    {
      name: "SQL in every field of the API, signed by an insider",
      expected: "no row changed, no fault of the server",
      async run(site) {
        const before = await site.admin("--json", "user", "list");
        const { identity } = stolenKeys((await site.anotherMachine()).agent.state);
        const seen: string[] = [];
        for (const text of sql) {
          const requests: [string, unknown][] = [
            [
              "/v1/verify",
              {
                ...asking(),
                dialogue: Buffer.alloc(16).toString("base64"),
                user: text,
                kind: "logon",
                service: text,
                caller: "system",
                sealedAnswers: "AAAA",
                spent: [],
              },
            ],
            [
              "/v1/sync",
              {
                ...asking(),
                hostname: text,
                platform: text,
                agentVersion: text,
                protector: text,
                events: { from: 1, previous: "0".repeat(64), lines: [text] },
                machinePolicySerial: 0,
                enrolments: [
                  {
                    user: text,
                    bundleSerial: 1,
                    leaseId: text,
                    signInsUsed: 0,
                    spent: [{ type: "hotp", id: text, counter: 1 }],
                  },
                ],
              },
            ],
            ["/v1/enrol", { ...asking(), dialogue: text }],
            ["/v1/probe", { ...asking(), [text]: text }],
          ];
          for (const [path, body] of requests)
            seen.push(String((await site.line.deliver(signedBy(identity, path, body))).status));
        }
        const after = await site.admin("--json", "user", "list");
        const fault = seen.filter((status) => status.startsWith("5"));
        return check(before === after && fault.length === 0, tally(seen));
      },
    },
    {
      name: "SQL, options and formulas in every argument of the command line",
      expected: "refused, or kept as plain text; no row lost",
      async run(site) {
        const count = async () => (await site.json<unknown[]>("user", "list")).length;
        const before = await count();
        const seen: string[] = [];
        const outcome = (work: Promise<unknown>) =>
          work.then(
            () => "kept",
            () => "refused",
          );
        for (const text of [...sql, "=cmd|'/c calc'!A1", "<script>alert(1)</script>", "--json"]) {
          seen.push(await outcome(site.admin("user", "add", text)));
          seen.push(await outcome(site.admin("user", "disable", text)));
          seen.push(await outcome(site.admin("audit", "--user", text)));
          seen.push(await outcome(site.admin("enrolment", "list", "--machine", text)));
          seen.push(await outcome(site.admin("machine", "revoke", text)));
          seen.push(await outcome(site.admin("policy", "set", "--group", text, "mfa=required")));
          seen.push(await outcome(site.admin("policy", "set", `mfa=${text}`)));
        }
        const names = await site.json<{ name: string }[]>("user", "list");
        const alive = names.length >= before;
        return check(alive, `${tally(seen)}; ${before} users before, ${names.length} after`);
      },
    },
    {
      name: "an insider asks for more than its machine may: fields added, another machine's events, join as another",
      expected: "refused, each",
      quick: true,
      async run(site) {
        const user = await site.enrolled();
        const { identity } = stolenKeys((await site.anotherMachine()).agent.state);
        const verify = verifyOf(user.name, 1);
        const attempts: unknown[] = [
          { ...verify, verdict: "granted" },
          { ...verify, admin: true },
          { ...verify, __proto__: { caller: "root" }, caller: "root" },
          { ...verify, sealedAnswers: "not base64!" },
          { ...verify, user: [user.name] },
          { ...verify, spent: Array.from({ length: 1_000 }, () => ({ type: "hotp", id: "x", counter: 1 })) },
        ];
        const seen: string[] = [];
        for (const body of attempts)
          seen.push(String((await site.line.deliver(signedBy(identity, "/v1/verify", body))).status));
        return check(
          seen.every((status) => status === "400"),
          seen.join(", "),
        );
      },
    },
    {
      name: "an insider asks about another machine's user with garbage as the code",
      expected: "documented: may ask about any user; denied, never granted, no bundle",
      async run(site) {
        const other = await site.anotherMachine();
        const user = await site.enrolled();
        const { identity } = stolenKeys(other.agent.state);
        const body = verifyOf(user.name, 2);
        const { status, body: said } = await site.line.deliver(signedBy(identity, "/v1/verify", body));
        const told = said.toString();
        const granted = /"verdict":"granted"/.test(told) || /"bundle":\{/.test(told);
        return knownLimit(!granted, `${status}: ${/"verdict":"\w+"/.exec(told)?.[0] ?? told.slice(0, 60)}`);
      },
    },
    {
      name: "join tokens: used twice, invented, cut, of another server",
      expected: "refused, each",
      async run(site) {
        const { token } = await site.json<{ token: string }>("join-token", "create", "--uses", "1");
        const join = async (text: string) => {
          const machine = new Machine(site.machineParts, {});
          await machine.agent.start();
          const seen = await machine.admin("POST", "/v1/join", { url: site.line.url, token: text }).then(
            () => "joined",
            () => "refused",
          );
          await machine.agent.stop("SIGKILL");
          return seen;
        };
        const first = await join(token);
        const again = await join(token);
        const [head = "", secret = "", print = ""] = token.split("-");
        const seen = [again];
        for (const text of [
          `${head}-${"a".repeat(secret.length)}-${print}`,
          token.slice(0, -1),
          `${head}-${secret}-${"a".repeat(print.length)}`,
          "",
          " ",
        ])
          seen.push(await join(text));
        return check(
          seen.every((word) => word === "refused"),
          `first ${first}; ${seen.join(", ")}`,
        );
      },
    },
    {
      name: "every change by an admin is in the audit",
      expected: "an entry each",
      quick: true,
      async run(site) {
        await site.admin("user", "add", "watched");
        await site.admin("authenticator", "add", "totp", "watched");
        await site.admin("user", "group", "add", "watched", "staff");
        await site.admin("user", "disable", "watched");
        await site.admin("user", "enable", "watched");
        await site.admin("user", "unlock", "watched");
        await site.admin("policy", "set", "offline.days=5");
        await site.admin("join-token", "create");
        await site.admin("user", "remove", "watched");
        const audit = await site.json<{ kind: string; source: string }[]>("audit", "--limit", "30");
        const kinds = new Set(audit.map(({ kind }) => kind));
        const wanted = [
          /user.*add|add.*user/,
          /authenticator/,
          /group/,
          /disabl/,
          /enabl/,
          /unlock/,
          /policy/,
          /token/,
          /remov/,
        ];
        const missing = wanted.filter((pattern) => ![...kinds].some((kind) => pattern.test(kind)));
        return check(
          missing.length === 0,
          missing.length === 0
            ? `${kinds.size} kinds of entry`
            : `missing: ${missing.join()} in ${[...kinds].join()}`,
        );
      },
    },
    {
      name: "a seed or code on a command line that everybody can read",
      expected: "the seed is made by the server; nothing secret in arguments",
      async run(site) {
        const running = new Running([
          programs.server,
          "--data",
          site.data,
          "authenticator",
          "add",
          "totp",
          (await site.person()).name,
        ]);
        await running.end();
        const listing = await run(["ps", "-eo", "args"]);
        const seed = /secret=([A-Z2-7]+)/.exec(running.said)?.[1] ?? "none";
        return check(seed !== "none" && !listing.out.includes(seed), "not in the list of processes");
      },
    },
  ],
});

// What the server owes besides: bounded requests, no answer to strangers, no injection, secrets sealed, admins audited.

import { request } from "node:https";
import { Running, run } from "../../scripts/parts/program.ts";
import { cannotRun, check, group, knownLimit, tally } from "./attack.ts";
import { signedBy, stolenKeys } from "./insider.ts";
import { programs } from "./programs.ts";
import { Machine, Site, wideWindow } from "./site.ts";

const sql = [
  "' OR '1'='1",
  "'; DROP TABLE user; --",
  '" OR 1=1 --',
  "\\'; ATTACH DATABASE 'x' AS x; --",
  "1; VACUUM",
  "%' UNION SELECT * FROM authenticator --",
];

/** Any request, signed or not, as anybody on the network can make it. */
function ask(
  site: Site,
  method: string,
  path: string,
  body: Buffer | string = "",
  headers: Record<string, string> = {},
) {
  const { promise, resolve } = Promise.withResolvers<{ status: number; body: string }>();
  const outgoing = request(
    new URL(site.server.url + path),
    { method, headers, rejectUnauthorized: false, timeout: 10_000 },
    (incoming) => {
      let text = "";
      incoming.setEncoding("utf8");
      incoming.on("data", (more: string) => {
        text += more;
      });
      incoming.on("end", () => resolve({ status: incoming.statusCode ?? 0, body: text }));
      incoming.on("error", () => resolve({ status: 0, body: "" }));
    },
  );
  outgoing.on("error", () => resolve({ status: 0, body: "" }));
  outgoing.end(body);
  return promise;
}

let sequence = 50_000_000;
const asking = () => ({ sequence: sequence++, sentAtMs: Date.now(), revokedThrough: 0 });

export const server = group({
  promise: "server",
  title: "the server",
  open: () => Site.build({ policy: [...wideWindow] }),
  close: (site) => site.leave(),
  attacks: [
    {
      name: "guessing online, one after the other",
      expected: "locked after 5, by default",
      quick: true,
      async run(site) {
        const user = await site.person();
        const seen: string[] = [];
        for (let at = 0; at < 8; at++) seen.push(await site.machine.result(user.name, user.wrong(at)));
        const right = await site.machine.result(user.name, await user.next());
        const judged = seen.filter((word) => word === "denied").length;
        return check(judged <= 5 && right === "locked", `${tally(seen)}; right ${right}`);
      },
    },
    {
      name: "32 guesses at the same moment, online",
      expected: "at most 5 judged, then locked",
      async run(site) {
        const user = await site.person();
        await site.online();
        await Promise.all(
          Array.from({ length: 32 }, (_, at) => site.machine.result(user.name, user.wrong(at))),
        );
        await site.online();
        const right = await site.machine.result(user.name, await user.next());
        const audit = await site.json<{ kind: string; source: string }[]>(
          "audit",
          "--user",
          user.name,
          "--limit",
          "500",
        );
        const judged = audit.filter(({ kind, source }) => source === "server" && /denied/.test(kind)).length;
        return check(judged <= 5 && right !== "granted", `${judged} judged at the server; right ${right}`);
      },
    },
    {
      name: "unknown user, known user without authenticator, wrong code: told apart?",
      expected: "the same prompts and the same end, online and offline",
      quick: true,
      async run(site) {
        const user = await site.person();
        await site.admin("user", "add", "bare");
        await site.online();
        const screens = [];
        for (const name of [user.name, "bare", "nobody-at-all"]) {
          const { result, screen } = await site.machine.signIn(name, "000001");
          screens.push(`${result} ${screen.join("|")}`);
        }
        return check(new Set(screens).size === 1, [...new Set(screens)].join("; "));
      },
    },
    {
      name: "requests without, or with a foreign, signature on every path",
      expected: "one fixed refusal, whatever the user",
      quick: true,
      async run(site) {
        const user = await site.person();
        const bodies = new Set<string>();
        for (const path of ["/v1/probe", "/v1/verify", "/v1/sync", "/v1/enrol"])
          for (const name of [user.name, "nobody"]) {
            const { status, body } = await ask(
              site,
              "POST",
              path,
              JSON.stringify({ ...asking(), user: name }),
              { "content-type": "application/json" },
            );
            bodies.add(`${status} ${body}`);
          }
        return check(
          bodies.size === 1 && [...bodies][0]?.startsWith("401") === true,
          [...bodies].join("; ").slice(0, 120),
        );
      },
    },
    {
      name: "oversized, endless and deeply nested bodies; many headers; a slow body",
      expected: "refused, and the server answers others meanwhile",
      quick: true,
      async run(site) {
        const seen: string[] = [];
        const json = { "content-type": "application/json" };
        seen.push(
          String((await ask(site, "POST", "/v1/verify", Buffer.alloc(3_000_000, 0x20), json)).status),
        );
        seen.push(String((await ask(site, "POST", "/v1/verify", "[".repeat(500_000), json)).status));
        seen.push(
          String(
            (await ask(site, "POST", "/v1/verify", "{}", { ...json, "x-big": "a".repeat(60_000) })).status,
          ),
        );
        seen.push(String((await ask(site, "POST", "/v1/join", `{"a":${"9".repeat(100_000)}}`, json)).status));
        const slow = Array.from({ length: 50 }, () => {
          const outgoing = request(new URL(`${site.server.url}/v1/verify`), {
            method: "POST",
            rejectUnauthorized: false,
            headers: { "content-length": "1000" },
          });
          outgoing.on("error", () => undefined);
          outgoing.write("{");
          return outgoing;
        });
        const healthy = (await ask(site, "GET", "/healthz")).status;
        for (const outgoing of slow) outgoing.destroy();
        const holds = seen.every((status) => /^(0|4\d\d)$/.test(status)) && healthy === 200;
        return check(holds, `${seen.join(", ")}; meanwhile healthz ${healthy}`);
      },
    },
    {
      name: "methods, paths and traversal: PUT, TRACE, //, .., %2e, openapi with a query",
      expected: "404, 401 or 400; nothing of the disk",
      async run(site) {
        const seen: string[] = [];
        const paths = [
          "/..%2f..%2fetc/passwd",
          "/v1/../../server.key",
          "/%2e%2e/server.key",
          "//v1/probe",
          "/v1/probe/",
          "/v1/admin",
          "/.git/config",
          "/v1/verify%00",
        ];
        for (const path of paths) seen.push(String((await ask(site, "GET", path)).status));
        for (const method of ["PUT", "DELETE", "PATCH", "OPTIONS"])
          seen.push(String((await ask(site, method, "/v1/probe")).status));
        return check(
          seen.every((status) => /^(0|4\d\d)$/.test(status)),
          tally(seen),
        );
      },
    },
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
        const verify = {
          ...asking(),
          dialogue: Buffer.alloc(16, 1).toString("base64"),
          user: user.name,
          kind: "logon",
          service: "login",
          caller: "system",
          sealedAnswers: Buffer.alloc(64).toString("base64"),
          spent: [],
        };
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
        const body = {
          ...asking(),
          dialogue: Buffer.alloc(16, 2).toString("base64"),
          user: user.name,
          kind: "logon",
          service: "login",
          caller: "system",
          sealedAnswers: Buffer.alloc(64).toString("base64"),
          spent: [],
        };
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
    cannotRun("CSRF, XSS, session fixation on pages", "its own tests do: ./scripts/test server"),
    cannotRun("CSV exports with formulas", "its own tests do: ./scripts/test server"),
  ],
});

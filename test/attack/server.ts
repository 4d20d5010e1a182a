// What the server owes besides, to strangers: bounded guesses and requests, and no answer.

import { request } from "node:https";
import { cannotRun, check, group, tally } from "./attack.ts";
import { asking } from "./insider.ts";
import { Site, wideWindow } from "./site.ts";

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

export const server = group({
  promise: "server",
  title: "the server and strangers",
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
    cannotRun("CSRF, XSS, session fixation on pages", "its own tests do: ./scripts/test server"),
    cannotRun("CSV exports with formulas", "its own tests do: ./scripts/test server"),
  ],
});

// Promise 13: the network learns and forges nothing, even with a certificate that the machine trusts.

import { check, group, tally } from "./attack.ts";
import type { Reply, Sent } from "./hostile-server.ts";
import { signedBy, stolenKeys, strangersIdentity } from "./insider.ts";
import { Machine } from "./machine.ts";
import type { Person } from "./person.ts";
import { Site, spendingOnly } from "./site.ts";
import { changeBody } from "./weathers.ts";

async function recorded(
  site: Site,
  path: string,
  act: () => Promise<unknown>,
): Promise<{ sent: Sent; reply: Reply }> {
  const from = site.line.seen.length;
  await act();
  const found = site.line.seen.slice(from).findLast((each) => each.sent.path === path);
  if (found === undefined) throw new Error(`nothing went to ${path}`);
  return found;
}

/** The answer to everything on \`path\` is this one; the rest is handed on. */
const replaying = (path: string, reply: Reply) => ({
  request: async ({
    sent,
    pass,
    answer,
  }: {
    sent: Sent;
    pass(): Promise<Reply>;
    answer(reply: Reply): void;
  }) => answer(sent.path === path ? reply : await pass()),
});

async function healthy(site: Site, user: Person): Promise<boolean> {
  await site.online();
  const { state, enrolments } = await site.machine.status();
  return state === "healthy" && enrolments.some((one) => one.user === user.name);
}

export const line = group({
  promise: 13,
  title: "the network learns and forges nothing",
  open: () => Site.build({ policy: spendingOnly }),
  close: (site) => site.leave(),
  attacks: [
    {
      name: "a recorded granted answer, replayed to a wrong code",
      expected: "denied",
      quick: true,
      async run(site) {
        const user = await site.enrolled();
        const { reply } = await recorded(site, "/v1/verify", async () =>
          site.machine.result(user.name, await user.next()),
        );
        site.weather = replaying("/v1/verify", reply);
        const seen = await site.machine.result(user.name, user.wrong());
        const { lastFailure } = (await site.machine.status()).server;
        return check(seen === "denied" && (await healthy(site, user)), `${seen} (${lastFailure})`);
      },
    },
    {
      name: "another machine's granted answer",
      expected: "denied",
      async run(site) {
        const other = await site.anotherMachine();
        const user = await site.enrolled();
        const { reply } = await recorded(site, "/v1/verify", async () =>
          other.result(user.name, await user.next()),
        );
        site.weather = replaying("/v1/verify", reply);
        const seen = await site.machine.result(user.name, user.wrong());
        return check(seen === "denied" && (await healthy(site, user)), seen);
      },
    },
    {
      name: "another machine's bundle put into the right answer",
      expected: "not taken",
      quick: true,
      async run(site) {
        const other = await site.anotherMachine();
        const user = await site.enrolled();
        const { reply } = await recorded(site, "/v1/verify", async () =>
          other.result(user.name, await user.next()),
        );
        const foreign = (JSON.parse(reply.body.toString()) as { result: { bundle: unknown } }).result.bundle;
        await site.machine.sync();
        site.weather = {
          request: async ({ pass, answer }) =>
            answer(
              changeBody(await pass(), (body) => ({
                ...body,
                ...("bundles" in body ? { bundles: [foreign] } : {}),
                ...("result" in body
                  ? {
                      result: {
                        verdict: "granted",
                        method: "totp",
                        bundle: foreign,
                        mayEnrol: false,
                        maySeed: false,
                      },
                    }
                  : {}),
              })),
            ),
        };
        const seen = await site.machine.result(user.name, user.wrong());
        return check(seen === "denied" && (await healthy(site, user)), seen);
      },
    },
    {
      name: "an older answer with an older bundle, after the user was disabled",
      expected: "nothing comes back",
      async run(site) {
        const user = await site.enrolled();
        const { reply } = await recorded(site, "/v1/sync", async () => {
          await site.admin("policy", "set", "offline.days=6");
          await site.machine.sync();
        });
        await site.admin("user", "disable", user.name);
        await site.machine.sync();
        site.weather = replaying("/v1/sync", reply);
        await site.machine.admin("POST", "/v1/sync").catch(() => undefined);
        site.offline();
        const seen = await site.machine.result(user.name, await user.next());
        const { enrolments } = await site.machine.status();
        const back = enrolments.some((one) => one.user === user.name);
        await site.online();
        return check(seen === "unavailable" && !back, `${seen}; ${back ? "ENROLLED AGAIN" : "not enrolled"}`);
      },
    },
    {
      name: "the answer to a probe as the answer to everything",
      expected: "wrong denied, right granted offline",
      async run(site) {
        const user = await site.enrolled();
        let probe: Reply | undefined;
        site.weather = {
          request: async ({ sent, pass, answer }) => {
            const reply = await pass();
            if (sent.path === "/v1/probe") probe = reply;
            answer(probe ?? reply);
          },
        };
        const seen = [
          await site.machine.result(user.name, user.wrong()),
          await site.machine.result(user.name, await user.next()),
        ];
        return check(seen[0] === "denied" && (await healthy(site, user)), seen.join(", "));
      },
    },
    {
      name: "answers in another order",
      expected: "not taken for another question's",
      async run(site) {
        const user = await site.enrolled();
        const held: Reply[] = [];
        site.weather = {
          request: async ({ pass, answer }) => {
            held.push(await pass());
            const late = held.length > 1 ? held.shift() : undefined;
            if (late !== undefined) answer(late);
          },
        };
        const seen = [
          await site.machine.result(user.name, user.wrong()),
          await site.machine.result(user.name, user.wrong(1)),
        ];
        return check(seen.every((word) => word === "denied") && (await healthy(site, user)), seen.join(", "));
      },
    },
    {
      name: "the server's time moved by a year in the answer",
      expected: "not taken: no lease is lengthened or ended",
      quick: true,
      async run(site) {
        const user = await site.enrolled();
        const until = async () =>
          (await site.machine.status()).enrolments.find((one) => one.user === user.name)?.expiresAtMs;
        const before = await until();
        for (const years of [-1, 1]) {
          site.weather = {
            request: async ({ pass, answer }) =>
              answer(
                changeBody(await pass(), (body) => ({
                  ...body,
                  serverTimeMs: Number(body["serverTimeMs"]) + years * 31_536_000_000,
                })),
              ),
          };
          await site.machine.admin("POST", "/v1/sync").catch(() => undefined);
        }
        site.offline();
        const after = await until();
        const seen = await site.machine.result(user.name, await user.next());
        return check(
          seen === "granted" && before === after && (await healthy(site, user)),
          `${seen}, end of the lease ${before === after ? "stays" : "MOVED"}`,
        );
      },
    },
    {
      name: "a recorded request sent again",
      expected: "refused (409) and flagged",
      quick: true,
      async run(site) {
        const user = await site.enrolled();
        const { sent } = await recorded(site, "/v1/verify", async () =>
          site.machine.result(user.name, await user.next()),
        );
        await site.machine.admin("POST", "/v1/sync").catch(() => undefined);
        const reply = await site.line.deliver(sent);
        const { machine: id } = await site.machine.status();
        const list = await site.json<{ id: string; flags: string[] }[]>("machine", "list");
        const flags = list.find((one) => one.id === id)?.flags ?? [];
        await site.admin("machine", "clear-flags", id ?? "");
        return check(
          reply.status === 409 && flags.includes("sequence-conflict"),
          `${reply.status}, ${flags.join()}`,
        );
      },
    },
    {
      name: "a request with one byte, path, header or signature altered",
      expected: "refused (401 or 400), each; the machine goes on",
      async run(site) {
        const user = await site.enrolled();
        const seen: string[] = [];
        const alter: ((sent: Sent) => Sent)[] = [
          (sent) => ({
            ...sent,
            body: Buffer.from(sent.body.toString().replace(user.name, `${user.name}x`)),
          }),
          (sent) => ({ ...sent, body: Buffer.concat([sent.body, Buffer.from(" ")]) }),
          (sent) => ({ ...sent, path: "/v1/sync" }),
          (sent) => ({ ...sent, headers: { ...sent.headers, "content-digest": "sha-256=:AAAA:" } }),
          (sent) => ({ ...sent, headers: { ...sent.headers, signature: `sig1=:${"A".repeat(86)}==:` } }),
          (sent) => ({
            ...sent,
            headers: {
              ...sent.headers,
              "signature-input": (sent.headers["signature-input"] ?? "").replace(/created=\d+/, "created=1"),
            },
          }),
          ({ path, body }) => ({ path, body, headers: {} }),
        ];
        for (const change of alter) {
          site.weather = {
            request: async ({ sent, pass, answer }) => {
              if (sent.path !== "/v1/verify") return answer(await pass());
              const reply = await pass(change(sent));
              seen.push(String(reply.status));
              answer(reply);
            },
          };
          await site.machine.sync();
          await site.machine.result(user.name, user.wrong());
        }
        const fine = await healthy(site, user);
        const online = await site.machine.result(user.name, await user.next());
        return check(
          seen.every((word) => /^40[019]$/.test(word)) &&
            seen.length === alter.length &&
            fine &&
            online === "granted",
          `${tally(seen)}; then ${online}`,
        );
      },
    },
    {
      name: "a machine that never joined signs requests; a joined one signs for another",
      expected: "refused, with the same body",
      quick: true,
      async run(site) {
        const other = await site.anotherMachine();
        const id = (await site.machine.status()).machine ?? "";
        const ask = { sequence: 9_000_000, sentAtMs: Date.now(), revokedThrough: 0 };
        const insider = stolenKeys(other.agent.state).identity;
        const replies = [
          await site.line.deliver(signedBy(strangersIdentity(), "/v1/probe", ask)),
          await site.line.deliver(signedBy(strangersIdentity(), "/v1/probe", ask, id)),
          await site.line.deliver(signedBy(insider, "/v1/probe", ask, id)),
        ];
        const bodies = new Set(replies.map(({ status, body }) => `${status} ${body.toString()}`));
        return check(
          bodies.size === 1 && replies.every(({ status }) => status === 401),
          [...bodies].join("; ").slice(0, 120),
        );
      },
    },
    {
      name: "joining through an interceptor with another server's identity",
      expected: "refused, and the token's secret is not in what it heard",
      async run(site) {
        const rogue = await Site.build();
        const { token } = await site.json<{ token: string }>("join-token", "create");
        const secret = token.split("-")[1] ?? "?";
        const { caFile } = site.machineParts;
        const victim = new Machine({ url: rogue.line.url, caFile }, {});
        await victim.agent.start();
        const joined = await victim.admin("POST", "/v1/join", { url: rogue.line.url, token }).then(
          () => "JOINED",
          () => "refused",
        );
        const heard = rogue.line.seen.map(({ sent }) => sent.body.toString()).join();
        const told = heard.includes(secret);
        await victim.agent.stop();
        const again = new Machine({ url: site.line.url, caFile }, {});
        await again.agent.start();
        site.line.weather = {};
        const good = await again.admin("POST", "/v1/join", { url: site.line.url, token }).then(
          () => "joined",
          (error: unknown) => String(error),
        );
        await again.agent.stop();
        await rogue.leave();
        return check(
          joined === "refused" && !told && good === "joined",
          `${joined}; secret ${told ? "HEARD" : "not heard"}; the token is still good: ${good}`,
        );
      },
    },
    {
      name: "an answer that comes after the budget, then the same code again",
      expected: "judged offline once, then denied",
      async run(site) {
        const user = await site.enrolled();
        const code = await user.next();
        site.weather = {
          request: async ({ pass, answer }) => {
            const reply = await pass();
            setTimeout(() => answer(reply), 3_000);
          },
        };
        const seen = [await site.machine.result(user.name, code), await site.machine.result(user.name, code)];
        await site.online();
        seen.push(await site.machine.result(user.name, code));
        return check(seen.join() === "granted,denied,denied", seen.join(", "));
      },
    },
  ],
});

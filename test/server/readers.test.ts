// What admins are shown once, and nobody who may only look finds anywhere afterwards.

import { expect, it } from "vitest";
import { person } from "./browser.ts";
import { testServer, totpAt } from "./fixture.ts";
import { queued } from "./mail/queued.ts";
import { addressFor, withMail } from "./portal-fixture.ts";
import { setPin } from "./pins.ts";
import { consoleRoutes } from "./stated-routes.ts";
import { signInBy, wireTo } from "./wire.ts";

it("every page and file that auditor and help desk may read is without the secrets that were made here", async () => {
  const server = await testServer();
  await server.policy("seeds=per-machine");
  const people = {
    admin: await person(server, "root", "admin"),
    auditor: await person(server, "audrey", "auditor"),
    "help-desk": await person(server, "helen", "help-desk"),
  };
  await withMail(server);
  const seed = await server.userWithTotp("alice", ["staff"]);
  await addressFor(server, "alice", "alice@corp.example");
  const machine = await server.machine("laptop");
  await machine.enrolledVerify("alice", [totpAt(seed, server.clock.nowMs)]);
  await setPin(server, "alice", "Zx9946");
  const wire = await wireTo(server);
  const root = await signInBy(wire, server, people.admin, "console");
  const alice = await server.store.db
    .selectFrom("users")
    .select("id")
    .where("name", "=", "alice")
    .executeTakeFirstOrThrow();
  const at = `/admin/users/${alice.id}`;
  const post = async (path: string, fields: Record<string, string> = {}) => {
    const body = new URLSearchParams({ "form-token": root.token, ...fields }).toString();
    return (await wire.send("POST", path, { cookie: root.cookie }, body)).text;
  };
  const secrets: string[] = [];
  const keep = (text: string, pattern: RegExp) => {
    const found = [...text.matchAll(pattern)].map(([, secret = ""]) => secret);
    expect(found.length, String(pattern)).toBeGreaterThan(0);
    secrets.push(...found);
  };
  keep(await post(`${at}/set-up-link`), /set-up\?code=([A-Za-z0-9_-]{43})/g);
  keep(await post(`${at}/invite-link`), /link=([A-Za-z0-9_-]{43})/g);
  keep(await post(`${at}/authenticators`, { type: "totp" }), /<code class="key">([A-Z2-7 ]{20,})</g);
  keep(await post(`${at}/authenticators`, { type: "hotp" }), /<code class="key">([A-Z2-7 ]{20,})</g);
  keep(await post(`${at}/authenticators`, { type: "backup-codes" }), /<li><code>([^<]{6,})</g);
  keep(
    await post("/admin/join-tokens", { uses: "5", hours: "5", tags: "" }),
    /<p class="card"><code>([^<]+)</g,
  );
  await post(`${at}/invite`);
  keep((await queued(server)).map(({ text }) => text).join("\n"), /link=([A-Za-z0-9_-]{43})/g);
  secrets.push(
    "Zx9946",
    people.admin.password,
    root.id,
    Buffer.from(seed).toString("base64"),
    Buffer.from(seed).toString("hex"),
  );
  const spellings = secrets.flatMap((one) => [one, one.replaceAll(/[ -]/g, "")]);

  let pages = 0;
  for (const role of ["auditor", "help-desk", "admin"] as const) {
    const by = role === "admin" ? root : await signInBy(wire, server, people[role], "console");
    for (const route of Object.keys(consoleRoutes).filter((one) => one.startsWith("GET "))) {
      const [, pattern = ""] = route.split(" ");
      const id = pattern.includes("/machines/") ? machine.id : alice.id;
      const settings = "provisioning mail sms warnings weekly-report".split(" ");
      for (const page of pattern.includes(":page") ? settings : [""]) {
        const query = pattern.endsWith("/edit") ? "?name=default" : "";
        const seen = await wire.send("GET", pattern.replace(":id", id).replace(":page", page) + query, {
          cookie: by.cookie,
        });
        const text = `${seen.text} ${decodeURIComponent(seen.to ?? "")}`;
        for (const secret of spellings)
          expect([route, role, text.includes(secret)]).toEqual([route, role, false]);
        pages += seen.status === 200 ? 1 : 0;
      }
    }
  }
  expect(pages).toBeGreaterThan(45);
});

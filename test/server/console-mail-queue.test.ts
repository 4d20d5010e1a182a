// The console's page of the mail queue: what it shows and what it keeps to itself, who changes what, and the same by command.

import { describe, expect, it } from "vitest";
import { claim, settle, type Sending } from "../../server/mail/claim.ts";
import { writeLetter } from "../../server/mail/letter.ts";
import { enqueue } from "../../server/mail/queue.ts";
import { changeMail } from "../../server/mail/settings.ts";
import { theUser } from "../../server/users/users.ts";
import { hourMs, minuteMs } from "../../words/clock.ts";
import { signedIn } from "./browser.ts";
import { commandLineAt } from "./command-line.ts";
import { random, type TestServer, testServer } from "./fixture.ts";

const page = "/admin/settings/mail/queue";
const secret = "48201973";

async function office(role: "admin" | "auditor" | "help-desk" = "admin") {
  const server = await testServer();
  const browser = await signedIn(server, role, "root");
  await browser.open(page);
  const audited = async (kind: string) => (await server.audit()).filter((entry) => entry.kind === kind);
  return { server, browser, audited };
}

interface Wish {
  readonly channel?: "mail" | "sms";
  readonly userId?: string;
}

async function queue({ store, vault, clock }: TestServer, recipient: string, wish: Wish = {}) {
  const letter = writeLetter("Your code", "en", [{ kind: "paragraph", text: `It is ${secret}.` }]);
  const { channel = "mail", userId = null } = wish;
  const message = {
    channel,
    kind: "code",
    userId,
    recipient,
    letter,
    lifeMs: hourMs,
    urgent: false,
  } as const;
  await store.write((tx) => enqueue(tx, vault, message, random, clock.nowMs));
  const { id } = await store.db
    .selectFrom("messages")
    .select("id")
    .where("recipient", "=", recipient)
    .executeTakeFirstOrThrow();
  return id;
}

/** As a courier ends its try of everything that is due. */
async function tried({ store, vault, clock }: TestServer, sending: Sending) {
  const taken = await claim(store, vault, ["mail", "sms"], 100, random, clock.nowMs);
  for (const message of taken) await store.write((tx) => settle(tx, message, sending, random, clock.nowMs));
  return taken.map(({ recipient }) => recipient);
}

const later: Sending = { kind: "failed", permanent: false, problem: "the mail server does not answer" };
const refused: Sending = { kind: "failed", permanent: true, problem: "the mail server refused (550 5.1.1)" };

const state = async ({ store }: TestServer, id: string) =>
  store.db.selectFrom("messages").selectAll().where("id", "=", id).executeTakeFirstOrThrow();

describe("the list", () => {
  it("says what waits and what was not sent, since when, why, and when it is tried again", async () => {
    const { server, browser } = await office();
    await server.userWithTotp("alice");
    const { id: userId } = await theUser(server.store.db, "alice");
    await queue(server, "bob@corp.example");
    await tried(server, refused);
    const id = await queue(server, "alice@corp.example", { userId });
    await tried(server, later);
    const { text } = await browser.open(page);
    const { nextTryAtMs } = await state(server, id);
    expect(text).toContain(`<time datetime="${new Date(nextTryAtMs).toISOString()}"`);
    for (const seen of [
      "1 waiting, the oldest since",
      "1 not sent in the last 30 days",
      "2 entries",
      "the mail server does not answer",
      "the mail server refused (550 5.1.1)",
      "Refused for good",
      `href="/admin/users/${userId}">alice<`,
    ])
      expect(text).toContain(seen);
    // Of what has ended the content is gone: there is nothing to try.
    expect(text.match(/>Try now</g)).toHaveLength(1);
  });

  it("shows nothing of what a message says, nor what is kept of it", async () => {
    const { server, browser } = await office();
    const id = await queue(server, "alice@corp.example");
    const { sealed } = await state(server, id);
    for (const path of [page, `${page}?state=all`, `${page}.csv`]) {
      const { status, text } = await browser.open(path);
      expect([path, status, text.includes("alice@corp.example")]).toEqual([path, 200, true]);
      for (const kept of [secret, "Your code", sealed ?? "?"]) expect(text).not.toContain(kept);
    }
  });

  it("takes hostile names for text, on the page and in the export", async () => {
    const { server, browser } = await office();
    await queue(server, '=cmd|"<script>alert(1)</script>@corp.example');
    expect((await browser.open(page)).text).not.toContain("<script>alert");
    expect((await browser.open(`${page}.csv`)).text).toContain(`"'=cmd|""`);
  });

  it("is narrowed by state, sort and name, a page at a time, and so is its export", async () => {
    const { server, browser } = await office();
    for (let at = 0; at < 60; at += 1) await queue(server, `user-${at}@corp.example`);
    await queue(server, "+41791234567", { channel: "sms" });
    expect((await browser.open(`${page}?page=2`)).text).toContain("Page 2 of 2");
    const counts = async (query: string) =>
      /id="count"[^>]*>([^<]+)</.exec((await browser.open(`${page}${query}`)).text)?.[1];
    expect(await counts("")).toBe("61 entries");
    expect(await counts("?channel=sms")).toBe("1 entry");
    expect(await counts("?search=USER-5")).toBe("11 entries");
    expect(await counts("?search=%25")).toBe("0 entries");
    expect(await counts("?state=sent")).toBe("0 entries");
    await tried(server, { kind: "sent" });
    expect(await counts("")).toBe("0 entries");
    expect(await counts("?state=sent&search=user-5")).toBe("11 entries");
    expect(await counts("?state=nonsense&channel=pigeon")).toBe("0 entries");
    const lines = (await browser.open(`${page}.csv?state=all&search=user-5`)).text.trim().split("\r\n");
    expect(lines).toHaveLength(12);
  });

  it("is reached from the settings of mail and text messages, and says when nothing can leave", async () => {
    const { server, browser } = await office();
    await queue(server, "alice@corp.example");
    expect((await browser.open("/admin/settings/mail")).text).toContain(
      `<a href="${page}">The queue</a>: 1 waiting`,
    );
    expect((await browser.open("/admin/settings/sms")).text).toContain(
      `<a href="${page}">The queue</a>: 0 waiting`,
    );
    expect((await browser.open(page)).text).toContain("Mail is off");
    await server.store.write((tx) =>
      changeMail(tx, server.vault, { host: "mail.example", from: "n@corp.example" }, server.clock.nowMs),
    );
    expect((await browser.open(page)).text).not.toContain("Mail is off");
  });
});

describe("a message that waits", () => {
  it("is tried at once, in the admin's name, and the list stays narrowed", async () => {
    const { server, browser, audited } = await office();
    const id = await queue(server, "alice@corp.example");
    await tried(server, later);
    expect(await tried(server, later)).toEqual([]);
    await browser.open(`${page}?search=alice&done=message-retried`);
    expect((await browser.send(`${page}/${id}/retry`)).to).toBe(`${page}?search=alice&done=message-retried`);
    expect(await audited("mail-retried")).toMatchObject([
      { operator: "console: root", detail: { message: id } },
    ]);
    expect(await tried(server, { kind: "sent" })).toEqual(["alice@corp.example"]);
  });

  it("is tried with all the others", async () => {
    const { server, browser, audited } = await office();
    await queue(server, "alice@corp.example");
    await queue(server, "bob@corp.example");
    await tried(server, later);
    expect((await browser.send(`${page}/retry-all`)).to).toBe(`${page}?done=messages-retried`);
    expect(await audited("mail-retried")).toMatchObject([{ detail: { messages: 2 } }]);
    expect((await tried(server, { kind: "sent" })).sort()).toEqual([
      "alice@corp.example",
      "bob@corp.example",
    ]);
    // Where none is left it is no change.
    await browser.send(`${page}/retry-all`);
    expect(await audited("mail-retried")).toHaveLength(1);
  });

  it("is dropped with a recent code only; then what it said is gone", async () => {
    const { server, browser, audited } = await office();
    const id = await queue(server, "alice@corp.example");
    server.clock.pass(6 * minuteMs);
    expect((await browser.send(`${page}/${id}/drop`)).asks).toBe("/admin/confirm");
    expect((await state(server, id)).state).toBe("waiting");
    const fresh = await signedIn(server, "admin", "second");
    await fresh.open(page);
    expect((await fresh.send(`${page}/${id}/drop`)).to).toBe(`${page}?done=message-dropped`);
    expect(await state(server, id)).toMatchObject({ state: "cancelled", sealed: null });
    expect(await audited("mail-cancelled")).toMatchObject([{ operator: "console: second" }]);
    expect(await tried(server, { kind: "sent" })).toEqual([]);
    for (const verb of ["drop", "retry"]) {
      const seen = await fresh.send(`${page}/${id}/${verb}`);
      expect([seen.status, seen.text.includes("is cancelled: only what is waiting")]).toEqual([409, true]);
      expect((await fresh.send(`${page}/${"0".repeat(32)}/${verb}`)).status).toBe(404);
      await fresh.open(page);
    }
  });

  it.each(["auditor", "help-desk"] as const)("is no business of the %s's", async (role) => {
    const { server, browser, audited } = await office(role);
    const id = await queue(server, "alice@corp.example");
    const { status, text } = await browser.open(page);
    expect(status).toBe(role === "auditor" ? 200 : 403);
    for (const label of ["Try now", "Try all", "Drop<"]) expect(text).not.toContain(label);
    for (const path of ["retry-all", `${id}/retry`, `${id}/drop`])
      expect((await browser.send(`${page}/${path}`)).status).toBe(403);
    expect((await state(server, id)).state).toBe("waiting");
    expect([...(await audited("mail-retried")), ...(await audited("mail-cancelled"))]).toEqual([]);
  });
});

describe("mail queue, by command", () => {
  it("finds by a part of the name, and tries all that wait", async () => {
    const server = await testServer();
    const { call, environment } = commandLineAt(server.clock, server.data, false, false);
    if (server.postgresUrl !== undefined) environment["NIGHTLATCH_DATABASE"] = server.postgresUrl;
    await queue(server, "alice@corp.example");
    await queue(server, "bob@corp.example");
    await tried(server, later);
    const found = JSON.parse((await call("--json", "mail", "queue", "list", "--search", "ALICE")).out);
    expect(found).toMatchObject([{ to: "alice@corp.example", state: "waiting" }]);
    for (const args of [[], ["x", "--all"]])
      expect(await call("mail", "queue", "retry", ...args)).toMatchObject({ code: 2 });
    const done = await call("--json", "mail", "queue", "retry", "--all");
    expect(JSON.parse(done.out)).toEqual({ messages: 2, done: "retry" });
    expect(await tried(server, { kind: "sent" })).toHaveLength(2);
  });
});

// The queue as it is worked on by real servers in processes of their own: killed in the middle, two at once, started anew.

import { once } from "node:events";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { systemClock } from "../../../platform/clock.ts";
import { initServer, type OpenServer } from "../../../server/identity/open-server.ts";
import { writeLetter } from "../../../server/mail/letter.ts";
import { enqueue } from "../../../server/mail/queue.ts";
import { minuteMs } from "../../../words/clock.ts";
import { commandLineAt } from "../command-line.ts";
import { random, temporaryFolder } from "../fixture.ts";
import { databaseFor } from "../postgres/databases.ts";
import { serve } from "../process.ts";
import { type MailPeer, mailPeer } from "./post.ts";

class Office {
  readonly data: string;
  readonly server: OpenServer;
  readonly peer: MailPeer;

  constructor(data: string, server: OpenServer, peer: MailPeer) {
    this.data = data;
    this.server = server;
    this.peer = peer;
  }

  static async open(): Promise<Office> {
    const data = join(temporaryFolder(), "data");
    const server = await initServer(data, systemClock, random, await databaseFor(data));
    onTestFinished(() => server.store.close());
    const office = new Office(data, server, await mailPeer({}));
    await office.cli(
      "mail",
      "set",
      "--host",
      "127.0.0.1",
      "--port",
      String(office.peer.port),
      "--security",
      "none",
      "--from",
      "nightlatch@corp.example",
    );
    return office;
  }

  async cli(...args: string[]): Promise<string> {
    const ran = await this.call("--json", ...args);
    if (ran.code !== 0) throw new Error(ran.err);
    return ran.out;
  }

  call(...args: string[]) {
    return commandLineAt(systemClock, this.data).call(...args);
  }

  serve() {
    return serve(["--data", this.data, "--insecure-http-loopback", "--log-level", "debug"]);
  }

  queue(recipient: string, { urgent = false, lifeMs = 10 * minuteMs } = {}): Promise<boolean> {
    const letter = writeLetter("Subject", "en", [{ kind: "paragraph", text: `for ${recipient}` }]);
    const message = {
      channel: "mail",
      kind: "test",
      userId: null,
      recipient,
      letter,
      lifeMs,
      urgent,
    } as const;
    const { store, vault } = this.server;
    return store.write((tx) => enqueue(tx, vault, message, random, systemClock.wallMs()));
  }

  rows() {
    return this.server.store.db
      .selectFrom("messages")
      .select(["recipient", "state", "tries", "sealed", "leasedBy", "problem"])
      .orderBy("recipient")
      .execute();
  }

  /** What a test waits for in the database; its own time limit ends the wait. */
  async until(fits: (rows: Awaited<ReturnType<Office["rows"]>>) => boolean): Promise<void> {
    while (!fits(await this.rows())) await systemClock.sleep(100, new AbortController().signal);
  }

  async sent(): Promise<void> {
    await this.until((rows) => rows.every(({ state }) => state === "sent"));
  }
}

describe("a message", () => {
  it("is sent, and what it said is erased", async () => {
    const office = await Office.open();
    await office.queue("alice@example.org");
    expect((await office.rows())[0]?.sealed).not.toBeNull();
    await office.serve();
    await office.sent();
    expect(await office.rows()).toMatchObject([{ sealed: null, leasedBy: null, tries: 1, problem: null }]);
    expect(office.peer.mails()).toHaveLength(1);
  });

  it("that a server was killed over is sent by the next one when the lease is over, and no sooner", async () => {
    const office = await Office.open();
    await office.queue("hang@example.org");
    const first = await office.serve();
    await office.peer.until(({ event }) => event === "not-taken");
    first.child.kill("SIGKILL");
    await once(first.child, "close");
    const second = await office.serve();
    await office.queue("other@example.org");
    await office.peer.until(({ event, to }) => event === "mail" && to === "other@example.org");
    expect(office.peer.mails()).toHaveLength(1);
    const { store } = office.server;
    await store.write((tx) =>
      tx
        .updateTable("messages")
        .set({ leasedUntilMs: systemClock.wallMs() })
        .where("leasedBy", "is not", null)
        .execute(),
    );
    await office.sent();
    expect(office.peer.mails().map(({ to }) => to)).toEqual(["other@example.org", "hang@example.org"]);
    expect(await office.rows()).toMatchObject([{ tries: 2 }, { tries: 1 }]);
    expect(second.log()).not.toContain("fault");
  }, 60_000);

  it("is put back at once by a server that ends as it should", async () => {
    const office = await Office.open();
    await office.queue("hang@example.org");
    const first = await office.serve();
    await office.peer.until(({ event }) => event === "not-taken");
    first.child.kill("SIGTERM");
    await once(first.child, "close");
    expect(first.child.exitCode).toBe(0);
    expect(await office.rows()).toMatchObject([{ state: "waiting", leasedBy: null, tries: 1 }]);
    await office.serve();
    await office.sent();
  }, 60_000);

  it("that is refused for good fails with the reason; one for later is tried again, and both can be seen", async () => {
    const office = await Office.open();
    await office.queue("unknown@example.org");
    await office.queue("later@example.org");
    await office.serve();
    await office.until(
      (rows) => (rows.find(({ recipient }) => recipient.startsWith("later"))?.tries ?? 0) >= 2,
    );
    await office.until((rows) => rows.some(({ state }) => state === "failed"));
    const listed = JSON.parse(await office.cli("mail", "queue", "list"));
    expect(listed).toMatchObject([
      {
        to: "later@example.org",
        state: "waiting",
        problem: "the mail server refused the recipient (451 4.3.0)",
      },
      {
        to: "unknown@example.org",
        state: "failed",
        problem: "the mail server refused the recipient (550 5.1.1)",
      },
    ]);
    const audit = JSON.parse(await office.cli("audit"));
    expect(audit.filter(({ kind }: { kind: string }) => kind === "mail-failed")).toHaveLength(1);
    await office.cli("mail", "queue", "cancel", listed[0].id);
    expect((await office.rows())[0]).toMatchObject({ state: "cancelled", sealed: null });
    const again = await office.call("mail", "queue", "retry", listed[1].id);
    expect(again).toMatchObject({ code: 1 });
    expect(again.err).toContain("is failed: only what is waiting can be tried again");
  }, 60_000);

  it("whose time is over goes unsent", async () => {
    const office = await Office.open();
    await office.queue("alice@example.org", { lifeMs: 0 });
    await office.serve();
    await office.until((rows) => rows.every(({ state }) => state === "expired"));
    expect((await office.rows())[0]?.sealed).toBeNull();
    expect(office.peer.mails()).toEqual([]);
  });

  it("that is damaged fails alone", async () => {
    const office = await Office.open();
    await office.queue("alice@example.org");
    await office.server.store.write((tx) => tx.updateTable("messages").set({ sealed: "AAAA" }).execute());
    await office.queue("bob@example.org");
    await office.serve();
    await office.until((rows) => rows.every(({ state }) => state !== "waiting"));
    expect(await office.rows()).toMatchObject([{ state: "failed" }, { state: "sent" }]);
  });
});

describe("two servers on one queue", () => {
  it("send each of 60 messages once", async () => {
    const office = await Office.open();
    for (let at = 0; at < 60; at++) await office.queue(`user-${at}@example.org`);
    await Promise.all([office.serve(), office.serve()]);
    await office.sent();
    const to = office.peer.mails().map((mail) => mail.to);
    expect(to).toHaveLength(60);
    expect(new Set(to).size).toBe(60);
    expect((await office.rows()).every(({ tries }) => tries === 1)).toBe(true);
  }, 60_000);
});

describe("a full queue", () => {
  it("takes nothing in", async () => {
    const office = await Office.open();
    await office.queue("alice@example.org");
    const { store } = office.server;
    const row = await store.db.selectFrom("messages").selectAll().executeTakeFirstOrThrow();
    const rows = Array.from({ length: 9_999 }, (_, at) => ({ ...row, id: `filler-${at}` }));
    await store.write(async (tx) => {
      for (let at = 0; at < rows.length; at += 500)
        await tx
          .insertInto("messages")
          .values(rows.slice(at, at + 500))
          .execute();
    });
    expect(await office.queue("bob@example.org")).toBe(false);
  });
});

// One letter to a real mail server in another process: the good ones, and those that refuse, lie, drop or dawdle.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeLetter } from "../../../server/mail/letter.ts";
import type { MailRoute } from "../../../server/mail/settings.ts";
import { sendMail } from "../../../server/mail/smtp.ts";
import { Secret } from "../../../words/secret.ts";
import { type Certificates, makeCertificates } from "../../attack/certificates.ts";
import { startMs } from "../fixture.ts";
import { type MailPeer, mailPeer, pair, readable } from "./post.ts";

const password = "correct horse battery";
const folder = mkdtempSync(join(tmpdir(), "nightlatch-mail-"));
let all: Certificates;
let ca: string;

beforeAll(async () => {
  all = await makeCertificates(folder);
  ca = readFileSync(all.caFile, "utf8");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const route = (port: number, more: Partial<MailRoute> = {}): MailRoute => ({
  host: "127.0.0.1",
  port,
  security: "starttls",
  user: "nightlatch",
  password: new Secret(password),
  ca,
  from: "nightlatch@corp.example",
  fromName: "Nightlatch",
  replyTo: "",
  language: "en",
  ...more,
});
const letter = writeLetter("Your sign-in code", "en", [
  { kind: "paragraph", text: "Zażółć gęślą jaźń & <b>not bold</b>" },
  { kind: "code", text: "12345678" },
]);
const never = new AbortController().signal;
const send = (how: MailRoute, recipient = "alice@example.org", stop = never) =>
  sendMail(how, { id: "ab".repeat(16), recipient, letter, nowMs: startMs }, stop);
const login = { user: "nightlatch", password };
/** All that the peer has heard, once it hears no more. */
async function everything(peer: MailPeer): Promise<string> {
  await peer.until(({ event }) => event === "closed");
  return JSON.stringify(peer.events);
}

describe("a mail server that does what it says", () => {
  it.each(["starttls", "tls"] as const)("gets the letter over %s, after AUTH", async (security) => {
    const peer = await mailPeer({ security, ...pair(folder, "good"), ...login });
    expect(await send(route(peer.port, { security, replyTo: "help@corp.example" }))).toEqual({
      kind: "sent",
    });
    const [mail] = await peer.until(({ event }) => event === "mail");
    expect(mail).toMatchObject({ to: "alice@example.org", secure: true, user: "nightlatch" });
    const raw = mail?.raw ?? "";
    for (const header of [
      "From: Nightlatch <nightlatch@corp.example>",
      "To: alice@example.org",
      "Reply-To: help@corp.example",
      "Subject: Your sign-in code",
      `Message-ID: <${"ab".repeat(16)}@corp.example>`,
      "Date: Sun, 01 Mar 2026 12:00:00 +0000",
      "Auto-Submitted: auto-generated",
      "MIME-Version: 1.0",
    ])
      expect(raw.split("\r\n")).toContain(header);
    expect(raw).toMatch(/^Content-Type: multipart\/alternative/m);
    expect(Math.max(...raw.split("\r\n").map((line) => line.length))).toBeLessThan(999);
    const text = readable(raw);
    expect(text).toContain("Zażółć gęślą jaźń & <b>not bold</b>\r\n");
    expect(text).toContain("<p>Zażółć gęślą jaźń &amp; &lt;b&gt;not bold&lt;/b&gt;</p>");
    expect(text).toContain("12345678");
  });

  it("gets it without TLS and AUTH on this very machine, where the setting says so", async () => {
    const peer = await mailPeer({});
    const how = route(peer.port, { security: "none", user: "", password: undefined, ca: "" });
    expect(await send(how)).toEqual({ kind: "sent" });
    expect(await peer.until(({ event }) => event === "mail")).toMatchObject([{ secure: false, user: null }]);
  });
});

describe("no password, recipient or letter is told to", () => {
  it.each(["no-starttls", "refuses-starttls"])("a server that %s", async (behaviour) => {
    const peer = await mailPeer({ behaviour });
    const sending = await send(route(peer.port));
    expect(sending).toMatchObject({ kind: "failed", permanent: false });
    const heard = await everything(peer);
    expect(heard).toContain("EHLO");
    for (const word of [
      "AUTH",
      "MAIL FROM",
      "alice",
      Buffer.from(`\0nightlatch\0${password}`).toString("base64"),
    ])
      expect(heard).not.toContain(word);
  });

  it.each(["stranger", "expired", "other-name", "only-localhost"])(
    "a server with the certificate of a %s",
    async (name) => {
      for (const security of ["starttls", "tls"] as const) {
        const peer = await mailPeer({ security, ...pair(folder, name), ...login });
        const sending = await send(route(peer.port, { security }));
        expect(sending).toMatchObject({ kind: "failed", permanent: false });
        expect(await everything(peer)).not.toMatch(/"auth"|recipient/);
      }
    },
  );

  it("a server that the system's authorities don't know, where none of our own is named", async () => {
    const peer = await mailPeer({ security: "tls", ...pair(folder, "good"), ...login });
    expect(await send(route(peer.port, { security: "tls", ca: "" }))).toMatchObject({ kind: "failed" });
    expect(await everything(peer)).not.toMatch(/"auth"|recipient/);
  });

  it("a server that wants TLS from the start and gets plain text, or the other way round", async () => {
    const tls = await mailPeer({ security: "tls", ...pair(folder, "good"), ...login });
    expect(await send(route(tls.port), undefined, AbortSignal.any([never]))).toMatchObject({
      kind: "failed",
    });
    const plain = await mailPeer({ behaviour: "no-starttls" });
    expect(await send(route(plain.port, { security: "tls" }))).toMatchObject({ kind: "failed" });
    expect(await everything(plain)).not.toContain("EHLO");
  }, 60_000);
});

describe("a refusal", () => {
  const peerWithLogin = () => mailPeer({ security: "starttls", ...pair(folder, "good"), ...login });

  it.each([
    ["unknown@example.org", true, "the mail server refused the recipient (550 5.1.1)"],
    ["later@example.org", false, "the mail server refused the recipient (451 4.3.0)"],
    ["too-big@example.org", true, "the mail server refused the message (552 5.3.4)"],
  ])("of %s is the end or not (%s)", async (recipient, permanent, problem) => {
    const peer = await peerWithLogin();
    expect(await send(route(peer.port), recipient)).toEqual({ kind: "failed", permanent, problem });
  });

  it("of the password can be set right: it is not the end, and repeats nothing", async () => {
    const peer = await peerWithLogin();
    const sending = await send(route(peer.port, { password: new Secret("wrong one") }));
    const problem = "the mail server refused user and password (535 5.7.8)";
    expect(sending).toEqual({ kind: "failed", permanent: false, problem });
  });

  it.each(["greets-554", "shuts-door"])("at the door (%s) is not the end", async (behaviour) => {
    const peer = await mailPeer({ behaviour });
    expect(await send(route(peer.port))).toMatchObject({ kind: "failed", permanent: false });
  });

  it("of a port where nobody listens is not the end", async () => {
    const peer = await peerWithLogin();
    peer.child.kill("SIGKILL");
    await new Promise((resolve) => peer.child.once("close", resolve));
    expect(await send(route(peer.port))).toMatchObject({ kind: "failed", permanent: false });
  });
});

describe("a server that never answers", () => {
  it("is left as soon as the courier has to stop", async () => {
    const stop = new AbortController();
    const peer = await mailPeer({ security: "starttls", ...pair(folder, "good"), ...login });
    const sending = send(route(peer.port), "hang@example.org", stop.signal);
    await peer.until(({ event }) => event === "not-taken");
    stop.abort();
    expect(await sending).toEqual({ kind: "stopped" });
  });

  it("is left before it has said a word, too", async () => {
    const stop = new AbortController();
    const peer = await mailPeer({ behaviour: "silent" });
    const sending = send(route(peer.port), "alice@example.org", stop.signal);
    stop.abort();
    expect(await sending).toEqual({ kind: "stopped" });
  });
});

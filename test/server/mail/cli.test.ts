// `mail set`, `mail show`, `mail test`: what is checked, what is told, what never is.

import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeCertificates } from "../../attack/certificates.ts";
import { commandLine } from "../command-line.ts";
import { mailPeer, pair, passwordFile } from "./post.ts";

const folder = mkdtempSync(join(tmpdir(), "nightlatch-mail-"));
const password = "correct horse battery";
let caFile: string;

beforeAll(async () => {
  caFile = (await makeCertificates(folder)).caFile;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function office() {
  const { call } = commandLine();
  const cli = (...args: string[]) => call("--json", ...args);
  const set = (...args: string[]) => cli("mail", "set", ...args);
  return { cli, set };
}
const usual = ["--host", "mail.corp.example", "--from", "nightlatch@corp.example"];

describe("mail set", () => {
  it("keeps what it is told, and shows the password to nobody", async () => {
    const { cli, set } = office();
    const file = passwordFile(password);
    const done = await set(...usual, "--user", "nightlatch", "--password-file", file, "--ca-file", caFile);
    expect(done.code).toBe(0);
    const shown = await cli("mail", "show");
    expect(JSON.parse(shown.out)).toEqual({
      host: "mail.corp.example",
      port: 587,
      security: "starttls",
      user: "nightlatch",
      password: "set",
      ca: "its own",
      from: "nightlatch@corp.example",
      fromName: "Nightlatch",
      replyTo: "",
      language: "en",
    });
    const audit = await cli("audit");
    expect(audit.out).toContain("setting-changed");
    for (const text of [done.out, shown.out, audit.out]) expect(text).not.toContain(password);
  });

  it("says that others can read the file with the password, as sms set of its header, and does what it was told", async () => {
    const { call } = commandLine();
    const file = passwordFile(password);
    const mail = ["mail", "set", ...usual, "--user", "nightlatch", "--password-file", file];
    const url = "https://sms.corp.example/send";
    const sms = ["sms", "set", "--url", url, "--header-name", "Authorization", "--header-file", file];
    for (const args of [mail, sms]) {
      chmodSync(file, 0o600);
      expect(await call(...args)).toMatchObject({ code: 0, err: "" });
      chmodSync(file, 0o640);
      expect(await call(...args)).toMatchObject({
        code: 0,
        err: `warning: ${file} holds a secret, and others can read it; it is not read again: erase it\n`,
      });
    }
  });

  it.each([
    [["--host", "mail host", "--from", "a@corp.example"], "host: not the name or address of a host"],
    [["--host", "mail.corp.example"], "from: say from which address mail is sent"],
    [
      ["--host", "mail.corp.example", "--from", "a@corp.example\r\nBcc: b@evil.example"],
      "from: not an e-mail address",
    ],
    [[...usual, "--reply-to", "nobody"], "replyTo: not an e-mail address"],
    [[...usual, "--from-name", "Night\nlatch"], "fromName: one line without control characters"],
    [[...usual, "--security", "none"], "security: without TLS mail goes to this very machine only"],
    [[...usual, "--user", "nightlatch"], "user: user and password go together"],
    [[...usual, "--ca-file", "/etc/hostname"], "ca: not a certificate in PEM"],
    [[...usual, "--ca-file", "/no/such/file"], "/no/such/file: there is no such file or folder (ENOENT)"],
    [[...usual, "--port", "0"], "give a whole number from 1 to 65535"],
    [[...usual, "--security", "ssl"], "Allowed choices are starttls, tls, none"],
    [[], "nothing to set"],
  ])("refuses %j with the place of the fault, and changes nothing", async (args, message) => {
    const { cli, set } = office();
    const refused = await set(...args);
    expect(refused.code).not.toBe(0);
    expect(refused.err).toContain(message);
    expect(JSON.parse((await cli("mail", "show")).out).host).toBe("");
  });

  it("does not send a password to another server than it was given for", async () => {
    const { cli, set } = office();
    await set(...usual, "--user", "nightlatch", "--password-file", passwordFile(password));
    for (const other of [
      ["--host", "mail.evil.example"],
      ["--port", "2525"],
      ["--security", "tls"],
      ["--ca-file", caFile],
    ]) {
      const refused = await set(...other);
      expect(refused.err).toContain("password: give it again");
    }
    expect((await set("--from-name", "Corp")).code).toBe(0);
    expect((await set("--off")).code).toBe(0);
    expect(JSON.parse((await cli("mail", "show")).out)).toMatchObject({ host: "", password: "not set" });
  });
});

describe("mail test", () => {
  it("says that the mail server has taken the mail", async () => {
    const { cli, set } = office();
    const peer = await mailPeer({
      security: "starttls",
      ...pair(folder, "good"),
      user: "nightlatch",
      password,
    });
    await set(
      "--host",
      "127.0.0.1",
      "--port",
      String(peer.port),
      "--from",
      "n@corp.example",
      "--user",
      "nightlatch",
      "--password-file",
      passwordFile(password),
      "--ca-file",
      caFile,
      "--language",
      "de",
    );
    expect(await cli("mail", "test", "alice@example.org")).toMatchObject({ code: 0 });
    const [mail] = await peer.until(({ event }) => event === "mail");
    expect(mail?.raw).toContain("Subject: Nightlatch kann E-Mails senden");
  });

  it("says why it did not, without repeating what the server said", async () => {
    const { cli, set } = office();
    const peer = await mailPeer({
      security: "starttls",
      ...pair(folder, "good"),
      user: "nightlatch",
      password,
    });
    const wrong = passwordFile("a wrong one");
    await set(
      "--host",
      "127.0.0.1",
      "--port",
      String(peer.port),
      "--from",
      "n@corp.example",
      "--user",
      "nightlatch",
      "--password-file",
      wrong,
      "--ca-file",
      caFile,
    );
    const ran = await cli("mail", "test", "alice@example.org");
    expect(ran).toMatchObject({ code: 1, out: "" });
    expect(ran.err).toContain("the mail server refused user and password (535 5.7.8)");
    expect(ran.err).not.toContain("wrong one");
    expect((await cli("mail", "test", "nobody")).err).toContain("that is no e-mail address");
  });

  it("says that mail is off", async () => {
    const { cli } = office();
    expect((await cli("mail", "test", "alice@example.org")).err).toContain("mail is off: mail set");
  });
});

describe("user address", () => {
  it("sets, lists, chooses and removes", async () => {
    const { cli } = office();
    await cli("user", "add", "alice");
    await cli("user", "address", "set", "alice", "1", "alice@example.org");
    await cli("user", "address", "set", "alice", "2", "alice@home.example");
    expect(JSON.parse((await cli("user", "address", "codes", "alice", "both")).out)).toEqual([
      { place: "mail-1", address: "alice@example.org", forCodes: true, provedAt: null },
      { place: "mail-2", address: "alice@home.example", forCodes: true, provedAt: null },
    ]);
    const refused = await cli(
      "user",
      "address",
      "set",
      "alice",
      "1",
      "alice@example.org\nBcc: x@evil.example",
    );
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.err).toContain("mail-1: that is no e-mail address");
    await cli("user", "address", "remove", "alice", "1");
    expect(JSON.parse((await cli("user", "address", "list", "alice")).out)).toHaveLength(1);
    expect((await cli("user", "address", "codes", "alice", "3")).code).toBe(2);
  });
});

describe("mail warnings", () => {
  it("is set, shown and audited", async () => {
    const { cli } = office();
    expect(JSON.parse((await cli("mail", "warnings", "show")).out)).toEqual({ days: 2 });
    expect((await cli("mail", "warnings", "set", "--days", "0")).code).toBe(0);
    expect(JSON.parse((await cli("mail", "warnings", "show")).out)).toEqual({ days: 0 });
    expect((await cli("audit")).out).toContain("warnings");
    const refused = await cli("mail", "warnings", "set", "--days", "31");
    expect(refused.code).not.toBe(0);
    expect(refused.err).toContain("give a whole number from 0 to 30");
    expect(JSON.parse((await cli("mail", "warnings", "show")).out)).toEqual({ days: 0 });
  });
});

describe("mail report", () => {
  it("is off until it is set, and keeps what is not named", async () => {
    const { cli } = office();
    expect(JSON.parse((await cli("mail", "report", "show")).out)).toEqual({ day: "off", hour: 6 });
    expect((await cli("mail", "report", "set", "--day", "friday")).code).toBe(0);
    expect(JSON.parse((await cli("mail", "report", "set", "--hour", "23")).out)).toEqual({
      day: "friday",
      hour: 23,
    });
    for (const [args, message] of [
      [["--hour", "24"], "give a whole number from 0 to 23"],
      [["--day", "someday"], "Allowed choices are off"],
      [[], "nothing to set"],
    ] as const) {
      const refused = await cli("mail", "report", "set", ...args);
      expect(refused.code).not.toBe(0);
      expect(refused.err).toContain(message);
    }
    expect(JSON.parse((await cli("mail", "report", "show")).out)).toEqual({ day: "friday", hour: 23 });
  });
});

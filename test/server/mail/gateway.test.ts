// Text messages through a gateway, a real HTTP server in another process.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fillIn, templateProblem } from "../../../server/mail/body-template.ts";
import { sendText } from "../../../server/mail/gateway.ts";
import type { GatewayRoute } from "../../../server/mail/gateway-setting.ts";
import { Secret } from "../../../words/secret.ts";
import { makeCertificates } from "../../attack/certificates.ts";
import { commandLine } from "../command-line.ts";
import { gatewayPeer, type MailPeer, pair, passwordFile } from "./post.ts";

const folder = mkdtempSync(join(tmpdir(), "nightlatch-sms-"));
let caFile: string;

beforeAll(async () => {
  caFile = (await makeCertificates(folder)).caFile;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const route = (peer: MailPeer, what: string, more: Partial<GatewayRoute> = {}): GatewayRoute => ({
  url: `http://127.0.0.1:${peer.port}/${what}`,
  method: "POST",
  format: "json",
  body: '{"to":"{to}","text":"{text}"}',
  headerName: "X-Key",
  header: new Secret("key of the gateway"),
  ca: "",
  ...more,
});
const message = { recipient: "+49301234567", text: 'code "12345678" & more' };
const never = new AbortController().signal;

describe("a message", () => {
  it.each([
    [
      "POST",
      "json",
      '{"a":[{"to":"{to}"}],"text":"{text}"}',
      "",
      '{"a":[{"to":"+49301234567"}],"text":"code \\"12345678\\" & more"}',
    ],
    [
      "PUT",
      "form",
      "to={to}&text=say: {text}",
      "",
      "to=%2B49301234567&text=say%3A+code+%2212345678%22+%26+more",
    ],
    ["GET", "form", "to={to}&text={text}", "?to=%2B49301234567&text=code+%2212345678%22+%26+more", ""],
  ] as const)("goes as %s %s", async (method, format, body, query, raw) => {
    const peer = await gatewayPeer();
    expect(await sendText(route(peer, "taken", { method, format, body }), message, never)).toEqual({
      kind: "sent",
    });
    const [request] = await peer.until(({ event }) => event === "request");
    expect(request).toMatchObject({
      method,
      url: `/taken${query}`,
      raw,
      headers: { "x-key": "key of the gateway" },
    });
  });

  it("can't add a field, whatever it says", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const json = fillIn("json", '{"to":"{to}","text":"{text}"}', { to: "+49301234567", text });
        expect(JSON.parse(json)).toEqual({ to: "+49301234567", text });
        const form = new URLSearchParams(fillIn("form", "to={to}&text={text}", { to: "+49301234567", text }));
        expect([...form.keys()]).toEqual(["to", "text"]);
      }),
    );
  });

  it("is filled in once: a text of {to} stays one", () => {
    const values = { to: "+49301234567", text: "{to}" };
    expect(JSON.parse(fillIn("json", '{"to":"{to}","text":"{text}"}', values))).toEqual(values);
  });

  it.each([
    ["json", "{to} {text}", "not JSON"],
    ["json", '{"to":"{to}"}', "needs {to} and {text}"],
    ["json", '{"{to}":"{text}"}', "needs {to} and {text}"],
    ["form", "to={to}", "needs {to} and {text}"],
  ] as const)("has no %s template %s", (format, body, problem) => {
    expect(templateProblem(format, body)).toContain(problem);
  });
});

describe("the gateway's answer", () => {
  it.each([
    [400, true],
    [422, true],
    [401, false],
    [429, false],
    [500, false],
    [503, false],
  ])("%i is the end: %s; its words are not repeated", async (status, permanent) => {
    const peer = await gatewayPeer();
    const problem = `the gateway refused (${status})`;
    expect(await sendText(route(peer, String(status)), message, never)).toEqual({
      kind: "failed",
      permanent,
      problem,
    });
  });

  it("to go elsewhere is not followed", async () => {
    const peer = await gatewayPeer();
    expect(await sendText(route(peer, "away"), message, never)).toMatchObject({
      kind: "failed",
      permanent: false,
      problem: "the gateway points elsewhere (307)",
    });
    expect(peer.events.filter(({ event }) => event === "request")).toHaveLength(1);
  });

  it("without end is not read", async () => {
    const peer = await gatewayPeer();
    expect(await sendText(route(peer, "endless"), message, never)).toEqual({ kind: "sent" });
  });

  it("that never comes is not waited for when the courier has to stop", async () => {
    const peer = await gatewayPeer();
    const stop = new AbortController();
    const sending = sendText(route(peer, "silent"), message, stop.signal);
    await peer.until(({ event }) => event === "request");
    stop.abort();
    expect(await sending).toEqual({ kind: "stopped" });
  });
});

describe("over https", () => {
  it("the right certificate gets the message; a stranger's, an old one and another name's get nothing", async () => {
    for (const name of ["good", "stranger", "expired", "other-name", "only-localhost"]) {
      const peer = await gatewayPeer(pair(folder, name));
      const how = route(peer, "taken", {
        url: `https://127.0.0.1:${peer.port}/taken`,
        ca: readFileSync(caFile, "utf8"),
      });
      const sending = await sendText(how, message, never);
      expect([name, sending.kind]).toEqual([name, name === "good" ? "sent" : "failed"]);
      if (name === "good") await peer.until(({ event }) => event === "request");
      else expect(peer.events.map(({ event }) => event)).toEqual(["listening"]);
    }
  });
});

describe("nightlatch-server sms", () => {
  it("sets, shows all but the header's value, tests, and switches off", async () => {
    const peer = await gatewayPeer();
    const { call } = commandLine();
    const cli = (...args: string[]) => call("--json", "sms", ...args);
    const url = `http://127.0.0.1:${peer.port}/taken`;
    const file = passwordFile("Bearer of good news");
    const set = await cli("set", "--url", url, "--header-name", "Authorization", "--header-file", file);
    const shown = await cli("show");
    expect(JSON.parse(shown.out)).toMatchObject({ url, headerName: "Authorization", header: "set" });
    expect(await cli("test", "+49 30 1234567")).toMatchObject({ code: 0 });
    const [request] = await peer.until(({ event }) => event === "request");
    expect(request?.headers).toMatchObject({ authorization: "Bearer of good news" });
    expect((await cli("set", "--url", "https://sms.evil.example/")).err).toContain(
      "header: give its value again",
    );
    expect((await cli("set", "--off")).code).toBe(0);
    expect((await cli("test", "+49301234567")).err).toContain("text messages are off");
    const audit = await call("--json", "audit");
    for (const text of [set.out, shown.out, audit.out]) expect(text).not.toContain("good news");
  });

  it.each([
    [["--url", "http://sms.corp.example/"], "url: https://"],
    [["--url", "https://user:word@sms.corp.example/"], "url: https://"],
    [["--url", "ftp://sms.corp.example/"], "url: https://"],
    [
      ["--url", "https://sms.corp.example/", "--body", '{"to":"{to}"}'],
      "body: the body needs {to} and {text}",
    ],
    [["--url", "https://sms.corp.example/", "--method", "GET"], "body: a GET has a form"],
    [["--url", "https://sms.corp.example/", "--header-name", "X: y"], "headerName"],
    [
      ["--url", "https://sms.corp.example/", "--header-name", "X-Key"],
      "headerName: a header has a name and a value",
    ],
  ])("refuses %j", async (args, problem) => {
    const ran = await commandLine().call("sms", "set", ...args);
    expect(ran.code).not.toBe(0);
    expect(ran.err).toContain(problem);
  });
});

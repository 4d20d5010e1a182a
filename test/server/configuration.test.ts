// server.toml, the environment and the command line, and who wins.

import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseConfiguration } from "../../server/configuration/file.ts";
import { commandLine } from "./command-line.ts";
import { temporaryFolder } from "./fixture.ts";

function written(text: string, mode = 0o644): string {
  const path = join(temporaryFolder(), "server.toml");
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

function faultOf(text: string): string {
  try {
    parseConfiguration(text, "server.toml");
  } catch (error) {
    return error instanceof Error ? error.message : "?";
  }
  return "no fault";
}

describe("the file", () => {
  it("may set everything", () => {
    const given = parseConfiguration(
      'data = "/srv/nl"\ndatabase = "postgres://nl@/nl"\n[listen]\naddress = "[::]:443"\ntls_cert = "c"\ntls_key = "k"\ntrusted_proxies = ["10.0.0.0/8", "::1"]\nrequests_per_minute = 0\n[metrics]\naddress = "127.0.0.1:9464"\n[machines]\nsync_minutes = 5\n[log]\nlevel = "debug"\n',
      "x",
    );
    expect(Object.fromEntries(given)).toEqual({
      data: "/srv/nl",
      database: "postgres://nl@/nl",
      listen: "[::]:443",
      tlsCert: "c",
      tlsKey: "k",
      trustedProxies: ["10.0.0.0/8", "::1"],
      requestsPerMinute: 0,
      metrics: "127.0.0.1:9464",
      syncMinutes: 5,
      logLevel: "debug",
    });
  });

  it.each([
    [
      '[listen]\nadress = "127.0.0.1:1"',
      "unknown key `listen.adress` at server.toml:2:1; did you mean `listen.address`?\n  2 | adress = …\n    | ^",
    ],
    [
      "[bogus]",
      "unknown key `bogus` at server.toml:1:2; see nightlatch-server.toml(5) for those there are\n  1 | [bogus] …\n    |  ^",
    ],
    [
      '  [log]\n  level = "loud"',
      "`log.level` at server.toml:2:3 must be one of trace, debug, info, warn, error, fatal, silent\n  2 |   level = …\n    |   ^",
    ],
    ["machines = 3", "`machines` at server.toml:1:1 must be a table\n  1 | machines = …\n    | ^"],
  ])("%j is refused with its place", (text, fault) => expect(faultOf(text)).toBe(fault));

  it("is told of all its faults, in order", () => {
    const fault = faultOf('dta = "x"\n[listen]\naddress = 5\n[log]\nlevel = "x"\n');
    expect(fault.match(/server\.toml:\d+/g)).toEqual(["server.toml:1", "server.toml:3", "server.toml:5"]);
  });

  it.each([
    'data = "hunter2',
    "data = hunter2",
    'data = """\npostgres://u:hunter2@h/d?a=b\n',
    '[listen]\naddress = "hunter2"',
    '"hunter2 = 1',
  ])("does not show what it holds when it is wrong: %j", (text) => {
    expect(faultOf(text)).toMatch(/server\.toml:\d+:\d+/);
    if (!text.startsWith('"')) expect(faultOf(text)).not.toContain("hunter2");
  });

  it.each(["__proto__ = 1", "constructor = 1", "[__proto__]\naddress = 1"])("%j is no way in", (text) => {
    expect(faultOf(text)).toContain("unknown key");
  });

  it.each([
    ["is writable by others", () => written("", 0o646)],
    ["is not a regular file", () => temporaryFolder()],
    ["is larger than 65536 bytes", () => written("#".repeat(70_000))],
    ["ENOENT", () => join(temporaryFolder(), "none.toml")],
    [
      "is not a regular file",
      () => {
        const pipe = join(temporaryFolder(), "pipe");
        execFileSync("mkfifo", [pipe]);
        return pipe;
      },
    ],
  ])("is refused when it %s", async (why, make) => {
    const { call } = commandLine(false, false);
    const { code, out, err } = await call("--config", make(), "config", "check");
    expect([code, out, err]).toEqual([78, "", expect.stringContaining(why)]);
  });

  it.runIf(process.getuid?.() === 0)("is refused when it belongs to somebody else", async () => {
    const path = written("");
    chownSync(path, 1, 1);
    const { call } = commandLine(false, false);
    expect((await call("--config", path, "config", "check")).err).toContain("belongs to user id 1");
  });
});

describe("command line over environment over file over default", () => {
  const file = '[listen]\naddress = "127.0.0.1:1"\n[machines]\nsync_minutes = 7\n[log]\nlevel = "warn"\n';
  const rows = async (line: ReturnType<typeof commandLine>, ...args: string[]) => {
    const { keys } = await line.json(...args, "config", "show");
    return Object.fromEntries(
      keys.map((row: { key: string; value: unknown; from: string }) => [row.key, [row.value, row.from]]),
    );
  };

  it("holds key by key, and config show says which it was", async () => {
    const line = commandLine(false, false);
    line.environment["NIGHTLATCH_SYNC_MINUTES"] = "9";
    line.environment["NIGHTLATCH_TLS_CERT"] = "";
    expect(await rows(line, "--config", written(file), "--data", "/over")).toEqual({
      data: ["/over", "command line"],
      database: [null, "default"],
      "listen.address": ["127.0.0.1:1", "file"],
      "listen.tls_cert": [null, "default"],
      "listen.tls_key": [null, "default"],
      "listen.trusted_proxies": [[], "default"],
      "listen.requests_per_minute": [1_200, "default"],
      "metrics.address": [null, "default"],
      "machines.sync_minutes": [9, "environment"],
      "web.address": [null, "default"],
      "log.level": ["warn", "file"],
    });
    line.environment["NIGHTLATCH_CONFIG"] = written('[log]\nlevel = "error"\n');
    expect((await rows(line))["log.level"]).toEqual(["error", "file"]);
  });

  it("that says no way to listen is answered by the ways there are", async () => {
    const { err } = await commandLine().call("serve");
    expect(err).toBe(
      "nightlatch-server: say how to listen: --tls-cert FILE --tls-key FILE (or --dev-ca to try things out)\nsee: nightlatch-server serve --help\n",
    );
  });

  it("reaches serve", async () => {
    const line = commandLine();
    line.environment["NIGHTLATCH_LISTEN"] = "127.0.0.1:0";
    const config = written('[listen]\naddress = "nowhere.invalid:1"\n');
    const serve = ["--config", config, "serve", "--insecure-http-loopback"];
    expect((await line.call(...serve)).out).toMatch(/^listening on http:\/\/127\.0\.0\.1:/);
    line.environment["NIGHTLATCH_LISTEN"] = "192.0.2.1:0";
    expect((await line.call(...serve)).err).toContain("plain http is refused on 192.0.2.1");
  });

  it.each([
    [{ NIGHTLATCH_LISTEN: "nonsense" }, "the environment variable NIGHTLATCH_LISTEN must be ADDRESS:PORT"],
    [{ NIGHTLATCH_SYNC_MINUTES: "1e3" }, "NIGHTLATCH_SYNC_MINUTES must be a whole number from 1 to 10080"],
    [
      { NIGHTLATCH_LISEN: "x" },
      "unknown environment variable NIGHTLATCH_LISEN; did you mean NIGHTLATCH_LISTEN?",
    ],
    [
      { NIGHTLATCH_TRUSTED_PROXIES: "10.0.0.1,proxy" },
      "NIGHTLATCH_TRUSTED_PROXIES must be a list of addresses",
    ],
    [{ NIGHTLATCH_TLS_CERT: "x" }, "`listen.tls_cert` and `listen.tls_key` go together"],
  ])("%j is refused", async (environment, fault) => {
    const line = commandLine();
    Object.assign(line.environment, environment);
    const { code, err } = await line.call("user", "list");
    expect([code, err]).toEqual([78, expect.stringContaining(fault)]);
  });

  it("lets variables of other programs pass", async () => {
    const line = commandLine();
    line.environment["NIGHTLATCH_DIALOGUE_SOCKET"] = "/x";
    expect((await line.call("user", "list")).code).toBe(0);
  });
});

describe("a wrong file", () => {
  it("ends every command with 78 before anything is touched", async () => {
    const line = commandLine(false, false);
    const config = written("dta = 1\n");
    for (const args of [["init"], ["user", "add", "a"], ["serve", "--init", "--dev-ca"]]) {
      const { code, out, err } = await line.call("--config", config, ...args);
      expect([code, out]).toEqual([78, ""]);
      expect(err).toBe(
        `nightlatch-server: unknown key \`dta\` at ${config}:1:1; did you mean \`data\`?\n  1 | dta = …\n    | ^\n`,
      );
    }
    expect(existsSync(line.data)).toBe(false);
    const { err } = await line.call("--config", config, "config", "check", "--json");
    expect(JSON.parse(err).error.code).toBe("configuration");
  });

  it("is one whose certificate and key don't go together, when it is checked", async () => {
    const { call } = commandLine(false, false);
    const config = written('[listen]\ntls_cert = "/etc/hostname"\ntls_key = "/etc/hostname"\n');
    const { code, err } = await call("--config", config, "config", "check");
    expect([code, err]).toEqual([78, expect.stringContaining("are no certificate and key that go together")]);
  });

  it("is none when there is none", async () => {
    const { call } = commandLine(false, false);
    expect(await call("config", "check")).toEqual({
      code: 0,
      out: "the configuration is good (no file is read)\n",
      err: "",
    });
  });
});

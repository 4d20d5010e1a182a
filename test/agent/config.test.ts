import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { parseConfig } from "../../agent/config.ts";

function faultOf(text: string): string {
  const config = parseConfig(text, "nightlatchd.toml");
  return config.ok ? "no fault" : config.error;
}

describe("a configuration", () => {
  test("that is empty is all defaults", () => {
    expect(parseConfig("", "x")).toEqual({
      ok: true,
      value: {
        stateDir: "/var/lib/nightlatch",
        socket: {
          dialogue: "/run/nightlatch/dialogue.sock",
          admin: "/run/nightlatch/admin.sock",
          adminGroup: undefined,
        },
        server: {
          url: undefined,
          development: false,
          caFile: undefined,
          timeoutMs: 2_000,
          proxy: undefined,
          headers: {},
        },
        machine: {
          mode: "offline",
          mfa: "enabled",
          protector: "auto",
          tpmDevice: "/dev/tpmrm0",
          usernameSuffix: "",
        },
        log: { level: "info", format: "text" },
      },
    });
  });

  test("may set everything", () => {
    const config = parseConfig(
      `
      state_dir = "/srv/nightlatch"
      [socket]
      dialogue = "/run/nl/d.sock"
      admin = "/run/nl/a.sock"
      admin_group = "wheel"
      [server]
      url = "https://mfa.corp.example:8443/nightlatch/"
      ca_file = "/etc/ssl/corp.pem"
      timeout_ms = 10000
      proxy = "http://proxy.corp.example:3128"
      header = { "X-Gateway" = "abc", X-Site = "7" }
      [machine]
      mode = "online"
      mfa = "disabled"
      protector = "tpm2"
      tpm_device = "/dev/tpmrm1"
      username_suffix = "@corp.example"
      [log]
      level = "debug"
      format = "json"
      `,
      "x",
    );
    expect(config).toMatchObject({
      ok: true,
      value: {
        stateDir: "/srv/nightlatch",
        socket: { dialogue: "/run/nl/d.sock", admin: "/run/nl/a.sock", adminGroup: "wheel" },
        server: {
          url: "https://mfa.corp.example:8443/nightlatch",
          caFile: "/etc/ssl/corp.pem",
          timeoutMs: 10_000,
          proxy: "http://proxy.corp.example:3128",
        },
        machine: {
          mode: "online",
          mfa: "disabled",
          protector: "tpm2",
          tpmDevice: "/dev/tpmrm1",
          usernameSuffix: "@corp.example",
        },
        log: { level: "debug", format: "json" },
      },
    });
    if (!config.ok) return;
    expect(config.value.server.headers["X-Gateway"]?.use((value) => value)).toBe("abc");
    expect(inspect(config.value, { depth: 9 }) + JSON.stringify(config.value)).not.toContain("abc");
  });

  test.each([
    ["http://127.0.0.1:8080", "http://127.0.0.1:8080"],
    ["http://[::1]:8080/", "http://[::1]:8080"],
    ["http://localhost", "http://localhost"],
  ])("in development may name a server on this machine: %s", (url, expected) => {
    const config = parseConfig(`server = { development = true, url = "${url}" }`, "x");
    expect(config.ok && config.value.server.url).toBe(expected);
  });
});

describe("a fault is one sentence that says where it is and what to do:", () => {
  const at = (position: string) => `at nightlatchd.toml:${position}`;
  const path = 'must be an absolute path without "." or "..", at most';
  const timeout = "must be a whole number of milliseconds from 200 to 10000";
  const https = "must be an https:// address without user, query or fragment, as in https://mfa.corp.example";
  const proxy = "must be a proxy as in http://proxy.corp.example:3128, without user or path";

  test.each<[string, string, string]>([
    [
      "an unknown table",
      '[sokcet]\ndialogue = "/x"',
      `unknown key \`sokcet\` ${at("1:2")}; did you mean \`socket\`?`,
    ],
    ["an unknown key", "\n\ntimeout = 3", `unknown key \`timeout\` ${at("3:1")}; see nightlatchd.toml(5)`],
    [
      "an unknown key in a table",
      "[server]\nulr = 1",
      `unknown key \`server.ulr\` ${at("2:1")}; did you mean \`server.url\`?`,
    ],
    ["an unknown dotted key", "server.ulr = 1", `unknown key \`server.ulr\` ${at("1:8")}; did you mean`],
    [
      "an unknown inline key",
      "server = { ulr = 1 }",
      `unknown key \`server.ulr\` ${at("1:12")}; did you mean`,
    ],
    ["an unknown quoted key", '"a b" = 1', `unknown key \`"a b"\` ${at("1:1")}; see`],
    [
      "a key with control characters",
      '"a\\u001B[2J" = 1',
      `unknown key \`"a\\\\u{1b}[2J"\` ${at("1:1")}; see`,
    ],
    ["a key in upper case", "[Server]", `unknown key \`Server\` ${at("1:2")}; did you mean \`server\`?`],
    ["a key that every object has", "constructor = 1", `unknown key \`constructor\` ${at("1:1")}; see`],
    ["its prototype", "__proto__ = 1", `unknown key \`__proto__\` ${at("1:1")}; see`],
    ["a table of that name", "[__proto__]\nx = 1", `unknown key \`__proto__\` ${at("1:2")}; see`],
    ["one in a table", "[machine]\ntoString = 1", `unknown key \`machine.toString\` ${at("2:1")}; see`],
    ["a relative path", 'state_dir = "state"', `\`state_dir\` ${at("1:1")} ${path} 4096 bytes`],
    ["a path with dots", 'state_dir = "/var/../etc"', `\`state_dir\` ${at("1:1")} ${path}`],
    ["a path that ends in a dot", 'state_dir = "/var/."', `\`state_dir\` ${at("1:1")} ${path}`],
    ["a path with NUL", 'state_dir = "/var/\\u0000"', `\`state_dir\` ${at("1:1")} ${path}`],
    ["a number for a path", "state_dir = 7", `\`state_dir\` ${at("1:1")} ${path}`],
    [
      "a socket path that is too long",
      `[socket]\nadmin = "/${"a".repeat(107)}"`,
      `\`socket.admin\` ${at("2:1")} ${path} 107 bytes`,
    ],
    [
      "one path for both sockets",
      '[socket]\ndialogue = "/a"\nadmin = "/a"',
      `\`socket.admin\` ${at("3:1")} must be another path`,
    ],
    [
      "a group with a colon",
      'socket.admin_group = "a:b"',
      `\`socket.admin_group\` ${at("1:8")} must be the name of a group`,
    ],
    [
      "an http server",
      '[server]\nurl = "http://mfa.corp.example"',
      `\`server.url\` ${at("2:1")} must begin with https://`,
    ],
    [
      "an http server on this machine without development",
      '[server]\nurl = "http://127.0.0.1"',
      `\`server.url\` ${at("2:1")} must begin with https://`,
    ],
    [
      "an http server elsewhere in development",
      '[server]\ndevelopment = true\nurl = "http://10.0.0.1"',
      `\`server.url\` ${at("3:1")} must begin with https://`,
    ],
    [
      "a server that only looks local",
      '[server]\ndevelopment = true\nurl = "http://127.0.0.1.evil.example"',
      `\`server.url\` ${at("3:1")} must begin`,
    ],
    [
      "a server with a user",
      'server.url = "https://a:b@mfa.corp.example"',
      `\`server.url\` ${at("1:8")} ${https}`,
    ],
    [
      "a server with a query",
      'server.url = "https://mfa.corp.example/?a"',
      `\`server.url\` ${at("1:8")} ${https}`,
    ],
    [
      "a server of another scheme",
      'server.url = "file:///etc/passwd"',
      `\`server.url\` ${at("1:8")} ${https}`,
    ],
    [
      "a server that is no address",
      'server.url = "mfa.corp.example"',
      `\`server.url\` ${at("1:8")} ${https}`,
    ],
    [
      "development as text",
      'server.development = "yes"',
      `\`server.development\` ${at("1:8")} must be true or false`,
    ],
    [
      "a time-out that is too short",
      "[server]\ntimeout_ms = 199",
      `\`server.timeout_ms\` ${at("2:1")} ${timeout}`,
    ],
    [
      "a time-out that is too long",
      "[server]\ntimeout_ms = 10001",
      `\`server.timeout_ms\` ${at("2:1")} ${timeout}`,
    ],
    ["a broken time-out", "[server]\ntimeout_ms = 250.5", `\`server.timeout_ms\` ${at("2:1")} ${timeout}`],
    ["an endless time-out", "[server]\ntimeout_ms = inf", `\`server.timeout_ms\` ${at("2:1")} ${timeout}`],
    ["a time-out as text", '[server]\ntimeout_ms = "2s"', `\`server.timeout_ms\` ${at("2:1")} ${timeout}`],
    ["an https proxy", 'server.proxy = "https://proxy:3128"', `\`server.proxy\` ${at("1:8")} ${proxy}`],
    [
      "a proxy with a password",
      'server.proxy = "http://a:b@proxy:3128"',
      `\`server.proxy\` ${at("1:8")} ${proxy}`,
    ],
    ["a proxy with a path", 'server.proxy = "http://proxy:3128/x"', `\`server.proxy\` ${at("1:8")} ${proxy}`],
    [
      "a reserved header",
      '[server.header]\nHost = "x"',
      `\`server.header.Host\` ${at("2:1")} is a header that the agent sets itself`,
    ],
    [
      "a header's name",
      '[server]\nheader = { "X Y" = "x" }',
      `\`server.header."X Y"\` ${at("2:12")} is not the name of a header`,
    ],
    [
      "a header's value",
      '[server]\nheader = { X = "a\\nHost: b" }',
      `\`server.header.X\` ${at("2:12")} must have a value of visible ASCII`,
    ],
    [
      "a header that is a number",
      "[server]\nheader = { X = 1 }",
      `\`server.header.X\` ${at("2:12")} must have a value`,
    ],
    [
      "a header twice",
      '[server.header]\nx-a = "1"\nX-A = "2"',
      `\`server.header.X-A\` ${at("3:1")} is given twice`,
    ],
    [
      "headers as text",
      '[server]\nheader = "X: y"',
      `\`server.header\` ${at("2:1")} must be a table of header names`,
    ],
    [
      "headers as a list",
      "[server]\nheader = []",
      `\`server.header\` ${at("2:1")} must be a table of header names`,
    ],
    [
      "an unknown mode",
      '[machine]\nmode = "off"',
      `\`machine.mode\` ${at("2:1")} must be "offline" or "online"`,
    ],
    [
      "MFA as a truth",
      "[machine]\nmfa = true",
      `\`machine.mfa\` ${at("2:1")} must be "enabled" or "disabled"`,
    ],
    [
      "an unknown protector",
      '[machine]\nprotector = "none"',
      `\`machine.protector\` ${at("2:1")} must be "auto" or "tpm2" or "systemd-creds" or "file"`,
    ],
    [
      "a TPM without a path",
      '[machine]\ntpm_device = "tpmrm0"',
      `\`machine.tpm_device\` ${at("2:1")} must be the absolute path of a device`,
    ],
    [
      "a simulated TPM without a path",
      '[machine]\ntpm_device = "swtpm:"',
      `\`machine.tpm_device\` ${at("2:1")} must be the absolute path of a device`,
    ],
    [
      "a suffix that no name can have",
      '[machine]\nusername_suffix = "@corp."',
      `\`machine.username_suffix\` ${at("2:1")} must be what follows`,
    ],
    [
      "a level that is none",
      '[log]\nlevel = "verbose"',
      `\`log.level\` ${at("2:1")} must be "debug" or "info" or "warn" or "error"`,
    ],
    ["a list for a table", "log = []", `\`log\` ${at("1:1")} must be a table`],
    ["tables for a table", "[[log]]\nlevel = 1", `\`log\` ${at("1:3")} must be a table`],
    ["a date for a table", "log = 1979-05-27", `\`log\` ${at("1:1")} must be a table`],
    ["text for a table", 'log = "debug"', `\`log\` ${at("1:1")} must be a table`],
    ["half a line", "[server]\nurl = ", "syntax error at nightlatchd.toml:2:7: "],
    ["half a table", "[server", "syntax error at nightlatchd.toml:1:"],
    ["an open quotation", 'state_dir = "/var', "syntax error at nightlatchd.toml:1:"],
    ["a key twice", 'state_dir = "/a"\nstate_dir = "/b"', "syntax error at nightlatchd.toml:2:"],
    ["a table twice", "[log]\n[log]", "syntax error at nightlatchd.toml:2:"],
    ["another language", '{"state_dir": "/a"}', "syntax error at nightlatchd.toml:1:"],
  ])("%s", (_what, text, expected) => {
    const fault = faultOf(text);
    expect(fault.slice(0, expected.length)).toBe(expected);
    expect(fault.split("\n")).toHaveLength(1);
  });

  test("all of them are told, in the order of the file", () => {
    expect(faultOf("[log]\nlevel = 1\nx = 2\n[server]\nurl = 3").split("\n")).toEqual([
      expect.stringContaining("`log.level` at nightlatchd.toml:2:1"),
      expect.stringContaining("unknown key `log.x` at nightlatchd.toml:3:1"),
      expect.stringContaining("`server.url` at nightlatchd.toml:5:1"),
    ]);
  });

  test("no value is repeated, since it may be a secret", () => {
    expect(
      faultOf('[server]\nheader = { "X-Key" = "hunter2\\n" }\nproxy = "http://u:hunter2@p"'),
    ).not.toContain("hunter2");
  });
});

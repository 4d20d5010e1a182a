// A server is made when it is asked for, and by no slip of the finger.

import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { commandLine } from "./command-line.ts";

const none = () => commandLine(false, false);

/** One of each sort; every one of them opens the server the same way. */
const others = [
  ["user", "add", "alice"],
  ["user", "list"],
  ["policy", "show"],
  ["join-token", "create"],
  ["machine", "list"],
  ["identity"],
  ["audit"],
  ["serve", "--listen", "127.0.0.1:0", "--dev-ca"],
];

describe("a folder that is not there", () => {
  it.each(others)("stays so with: %s %s %s %s", async (...args: string[]) => {
    const { data, call } = none();
    const { code, out, err } = await call(...args);
    expect([code, out]).toEqual([1, ""]);
    expect(err).toBe(
      `nightlatch-server: there is no server in ${data}: there is no such folder. Check --data; a new server is made by: nightlatch-server --data ${data} init\n`,
    );
    expect(existsSync(data)).toBe(false);
    expect(JSON.parse((await call(...args, "--json")).err).error.code).toBe("not-found");
  });

  it("becomes a server's by init, once and for all", async () => {
    const { data, json } = none();
    const made = await json("init");
    expect(made).toEqual({ data, fingerprint: expect.stringMatching(/^[A-Z2-7]{26}$/) });
    expect(await json("identity")).toEqual({ fingerprint: made.fingerprint });
    expect(await json("init")).toEqual(made);
  });

  it("becomes a server's by serve --init", async () => {
    const { call } = none();
    const { code, out } = await call(
      "serve",
      "--init",
      "--listen",
      "127.0.0.1:0",
      "--insecure-http-loopback",
    );
    expect([code, out.split("\n")[0]]).toEqual([0, expect.stringMatching(/^listening on http:/)]);
    expect((await call("user", "list")).code).toBe(0);
  });
});

describe("a folder without a server", () => {
  it("stays as it is, whatever is asked of it", async () => {
    const { data, call } = none();
    mkdirSync(data, { mode: 0o700 });
    for (const args of others) {
      const { code, err } = await call(...args);
      expect([code, err]).toEqual([1, expect.stringContaining("the folder holds no server")]);
    }
    expect(readdirSync(data)).toEqual([]);
  });

  it("is taken by init when it is empty, but for what a start cut short has left", async () => {
    const { data, call } = none();
    mkdirSync(data, { mode: 0o700 });
    mkdirSync(join(data, "lost+found"));
    writeFileSync(join(data, "server.key.0123456789abcdef"), "");
    expect((await call("init")).code).toBe(0);
  });

  it.each(["init", "serve"])("that holds something else is left alone by %s", async (command) => {
    const { data, call } = none();
    mkdirSync(data, { mode: 0o700 });
    writeFileSync(join(data, "thesis.tex"), "");
    const args = command === "init" ? ["init"] : ["serve", "--init", "--dev-ca"];
    const { code, err } = await call(...args);
    expect([code, err]).toEqual([1, expect.stringContaining("is not empty (thesis.tex)")]);
    expect(readdirSync(data)).toEqual(["thesis.tex"]);
  });
});

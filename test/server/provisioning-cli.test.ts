// Who may add authenticators, and who is invited to, from the command line.

import { describe, expect, it } from "vitest";
import { commandLine } from "./command-line.ts";

async function withAlice() {
  const { call } = commandLine();
  await call("user", "add", "alice");
  return call;
}

describe("provisioning", () => {
  it("is nobody's at first, and is changed field by field", async () => {
    const call = await withAlice();
    expect(JSON.parse((await call("--json", "provisioning", "show")).out)).toMatchObject({ who: "nobody" });
    const set = await call("--json", "provisioning", "set", "who=groups", "groups=sales,it", "mailCode=off");
    expect(JSON.parse(set.out)).toMatchObject({ who: "groups", groups: ["sales", "it"], mailCode: false });
    expect((await call("provisioning", "show")).out).toContain("groups           sales,it\n");
    const audit = JSON.parse((await call("--json", "audit")).out) as { kind: string; detail: object }[];
    expect(audit.find((entry) => entry.kind === "setting-changed")?.detail).toEqual({
      setting: "provisioning",
      changed: ["who", "groups", "mailCode"],
    });
  });

  it.each([
    [["who=anyone"], 1, "who"],
    [["digits=9"], 1, "digits"],
    [["pendingMinutes=1"], 1, "pendingMinutes"],
    [["colour=red"], 2, "sets nothing"],
    [["__proto__=x"], 2, "sets nothing"],
    [["who"], 2, "sets nothing"],
    [["who=everybody", "digits=x"], 1, "digits"],
  ])("%j is refused as a whole, with the place", async (assignments, code, place) => {
    const call = await withAlice();
    const seen = await call("provisioning", "set", ...assignments);
    expect([seen.code, seen.err.includes(place)]).toEqual([code, true]);
    expect((await call("provisioning", "show")).out).toContain("who              nobody\n");
  });
});

describe("authenticator invite", () => {
  it("prints a link when asked to, and takes it back", async () => {
    const call = await withAlice();
    const seen = await call("--json", "authenticator", "invite", "alice", "--print", "--hours", "5");
    const { path, url, hours } = JSON.parse(seen.out);
    expect(path).toMatch(/^\/portal\/invitation\?link=[\w-]{43}$/);
    expect([url, hours]).toEqual([null, 5]);
    const whole = await call(
      "authenticator",
      "invite",
      "alice",
      "--print",
      "--web-address",
      "https://m.example",
    );
    expect(whole.out).toContain("https://m.example/portal/invitation?link=");
    expect(whole.out).not.toContain("[web] address");
    const part = await call("authenticator", "invite", "alice", "--print");
    expect(part.out).toContain("https://THIS-SERVER/portal/invitation?link=");
    expect(part.out).toContain("(set [web] address in server.toml to have the whole link here)");
    expect((await call("authenticator", "invite", "alice", "--withdraw")).code).toBe(0);
    const again = await call("authenticator", "invite", "alice", "--withdraw");
    expect([again.code, again.err]).toEqual([1, "nightlatch-server: alice has no invitation that is open\n"]);
  });

  it("says what is missing to mail it, and leaves nothing behind", async () => {
    const call = await withAlice();
    const without = await call("authenticator", "invite", "alice");
    expect([without.code, without.err.includes("--web-address")]).toEqual([2, true]);
    const off = await call("authenticator", "invite", "alice", "--web-address", "https://m.example");
    expect([off.code, off.err.includes("no way to mail alice")]).toEqual([1, true]);
    expect((await call("authenticator", "invite", "alice", "--withdraw")).code).toBe(1);
    expect((await call("authenticator", "invite", "nobody", "--print")).code).toBe(1);
  });
});

import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Status } from "../../agent/admin/actions.ts";
import { checkStatus } from "../../agent/cli/doctor/agent.ts";
import { exitAfter, showFindings } from "../../agent/cli/doctor/doctor.ts";
import type { Finding } from "../../agent/cli/doctor/finding.ts";
import { checkConfig, checkPam, checkSocket } from "../../agent/cli/doctor/system.ts";
import { cliStage } from "./cli-stage.ts";
import { healthy } from "./fake-actions.ts";
import { folder, isRoot } from "./workspace.ts";

const noon = Date.parse("2026-11-20T12:00:00Z");
const day = 86_400_000;
const uid = process.geteuid?.() ?? -1;
const alone: Status = { ...healthy, enrolments: [] };
const named = (findings: readonly Finding[], check: string): Finding | undefined =>
  findings.find((finding) => finding.check === check);

describe("doctor on what the agent says:", () => {
  test("all well", () => {
    const secured = { ...alone, protector: { name: "tpm2", defends: "the disk" } };
    expect(checkStatus(secured, noon).every(({ outcome }) => outcome === "ok")).toBe(true);
  });

  test.each<[string, Partial<Status>, string, Finding["outcome"]]>([
    ["not joined", { state: "not-joined" }, "state", "fail"],
    ["damaged", { state: "damaged" }, "state", "fail"],
    ["a clock turned back", { state: "time-turned-back" }, "state", "fail"],
    ["revoked", { state: "revoked" }, "state", "fail"],
    ["no server", { server: { ...healthy.server, url: null } }, "server", "warn"],
    ["a server out of reach", { server: { ...healthy.server, reach: "unreachable" } }, "server", "warn"],
    ["a server not yet tried", { server: { ...healthy.server, reach: "unknown" } }, "server", "warn"],
    ["never synced", { lastSyncAtMs: null }, "last sync", "fail"],
    ["at the first sync", { lastSyncAtMs: null, syncUnderWay: true }, "last sync", "warn"],
    ["long not synced, and at it", { lastSyncAtMs: noon - 4 * day, syncUnderWay: true }, "last sync", "warn"],
    ["long not synced", { lastSyncAtMs: noon - 4 * day }, "last sync", "warn"],
    ["synced in the future", { lastSyncAtMs: noon + day }, "clock", "fail"],
    [
      "met the server in the future",
      { server: { ...healthy.server, lastContactAtMs: noon + day } },
      "clock",
      "fail",
    ],
    ["events without room", { eventsDropped: 3 }, "events", "warn"],
    ["a key in a file", {}, "protector", "warn"],
    ["no MFA", { mfa: "disabled" }, "mfa", "warn"],
  ])("%s", (_what, change, check, outcome) => {
    const finding = named(checkStatus({ ...alone, ...change }, noon), check);
    expect(finding?.outcome).toBe(outcome);
    expect(finding?.todo !== undefined || check === "server").toBe(true);
  });

  test.each(["not-joined", "revoked"] as const)("%s: nothing is to be synced before it joins", (state) => {
    const findings = checkStatus({ ...alone, state, lastSyncAtMs: null }, noon);
    expect(named(findings, "last sync")).toEqual({ check: "last sync", outcome: "warn", found: "never" });
  });

  test("a clock in another century", () => {
    expect(named(checkStatus({ ...alone, lastSyncAtMs: null }, Date.UTC(1970, 1)), "clock")?.outcome).toBe(
      "fail",
    );
  });

  test("whose offline sign-in runs out", () => {
    const findings = checkStatus(healthy, noon).filter(({ check }) => check.startsWith("offline"));
    expect(findings.map(({ check, found }) => `${check}: ${found}`)).toEqual([
      "offline sign-in of bob: 1 day left",
    ]);
  });
});

describe("doctor on the system:", () => {
  const trust = { uids: [uid], links: "refuse" } as const;

  test("sockets, their modes and their place", async () => {
    const { admin, dialogue } = await cliStage();
    expect(checkSocket("dialogue", dialogue, true, trust).outcome).toBe("ok");
    expect(checkSocket("admin", admin, false, trust).outcome).toBe("ok");
    chmodSync(dialogue, 0o600);
    chmodSync(admin, 0o666);
    expect(checkSocket("dialogue", dialogue, true, trust)).toMatchObject({
      outcome: "fail",
      found: expect.stringContaining("mode 0600"),
    });
    expect(checkSocket("admin", admin, false, trust).outcome).toBe("fail");
    expect(checkSocket("admin", "/nowhere/x", false, trust)).toMatchObject({
      outcome: "fail",
      found: "there is no /nowhere",
    });
  });

  test("the configuration", () => {
    const file = join(folder(), "x.toml");
    writeFileSync(file, "");
    expect(checkConfig(file, uid, true).outcome).toBe("ok");
    writeFileSync(file, "x = 1");
    expect(checkConfig(file, uid, true)).toMatchObject({
      outcome: "fail",
      found: expect.stringContaining("unknown key"),
    });
    expect(checkConfig("/nowhere", uid, true).outcome).toBe("fail");
  });

  const pam = (stacks: Record<string, string>, installed: boolean) => {
    const at = folder();
    mkdirSync(join(at, "security"));
    mkdirSync(join(at, "pam.d"));
    if (installed) writeFileSync(join(at, "security", "pam_nightlatch.so"), "", { mode: 0o644 });
    for (const [name, text] of Object.entries(stacks)) writeFileSync(join(at, "pam.d", name), text);
    const places = { modules: ["/nowhere", join(at, "security")], stacks: join(at, "pam.d") };
    return { at, places, findings: () => checkPam(places).map(({ outcome, found }) => [outcome, found]) };
  };
  const line = "auth required pam_nightlatch.so\n";

  test.runIf(isRoot)("the module in use", () => {
    const { at, findings } = pam(
      { sudo: `# x\n${line}`, "common-auth": line, sshd: `# ${line}`, su: `\n  # ${line}` },
      true,
    );
    expect(findings()).toEqual([
      ["ok", join(at, "security", "pam_nightlatch.so")],
      ["ok", "common-auth, sudo"],
    ]);
    chmodSync(join(at, "security", "pam_nightlatch.so"), 0o666);
    expect(findings()[0]?.[0]).toBe("fail");
  });

  test("the module not in use, or not there", () => {
    expect(pam({}, true).findings()[1]?.[0]).toBe("warn");
    expect(
      pam({}, false)
        .findings()
        .map(([outcome]) => outcome),
    ).toEqual(["warn", "warn"]);
    expect(pam({ sudo: line }, false).findings()[1]).toEqual([
      "fail",
      "named in sudo, but the module is missing: nobody can sign in there",
    ]);
  });

  test("nothing at all", () => {
    expect(checkPam({ modules: [], stacks: "/nowhere" })[1]).toMatchObject({
      outcome: "warn",
      found: "/nowhere can't be read",
    });
  });
});

describe("nightlatch doctor", () => {
  test("says it in lines", () => {
    const findings: Finding[] = [
      { check: "agent", outcome: "ok", found: "answers", todo: "nothing" },
      { check: "configuration", outcome: "fail", found: "one\ntwo", todo: "correct it" },
      { check: "pam", outcome: "warn", found: "none" },
    ];
    const words = showFindings(findings, (colour, text) => `<${colour}>${text}</>`);
    expect(words).toBe(`<green>ok</>    agent          answers
<red>FAIL</>  configuration  one
                     two
                     -> correct it
<yellow>warn</>  pam            none
`);
    expect(exitAfter(findings)).toBe(1);
    expect(exitAfter(findings.filter(({ outcome }) => outcome !== "fail"))).toBe(0);
  });

  test("asks the agent", async () => {
    const on = await cliStage();
    const config = join(folder(), "x.toml");
    writeFileSync(config, "");
    const { out } = await on.run(["--json", "doctor", "--config", config]);
    const findings = JSON.parse(out) as Finding[];
    for (const check of [
      "configuration",
      "dialogue socket",
      "admin socket",
      "agent",
      "state",
      "server",
      "clock",
    ])
      expect(named(findings, check)?.outcome, check).toBe("ok");
  });

  test("says when the agent does not answer", async () => {
    const on = await cliStage();
    const { out, exit } = await on.run(["--admin-socket", "/nowhere/x", "doctor"]);
    expect(out).toMatch(
      /FAIL {2}agent +the agent is not running: there is no \/nowhere\/x\n +-> systemctl status/,
    );
    expect(exit).toBe(1);
  });
});

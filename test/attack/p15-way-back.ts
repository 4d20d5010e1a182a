// Promise 15: admins are never locked out by accident: the documented way back in works whatever the agent does.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { root, run } from "../../scripts/parts/program.ts";
import { pamModule } from "../../scripts/parts/relay.ts";
import { cannotRun, check, group, notRun } from "./attack.ts";
import { fill, mayMount, smallDisk, unmount } from "./mounts.ts";
import { programs } from "./programs.ts";
import type { Machine } from "./machine.ts";
import { Site, spendingOnly } from "./site.ts";
import { newFolder } from "./work-folder.ts";

/** The stack of docs/admin-guide.md, word for word but for the password check and where module and group come from here. */
function manualsStack(machine: Machine): string {
  const manual = readFileSync(join(root, "docs/admin-guide.md"), "utf8");
  const lines = manual
    .split("\n")
    .filter((line) => /^auth\s/.test(line))
    .slice(0, 3);
  const [password = "", around = "", ours = ""] = lines;
  if (
    !/pam_unix/.test(password) ||
    !/success=1 default=ignore.*ingroup/.test(around) ||
    !/required\s+pam_nightlatch/.test(ours)
  )
    throw new Error("the manual's break-glass stack is not where it was");
  return [
    password.replace("pam_unix.so", "pam_permit.so"),
    around.replace("nightlatch-breakglass", "root"),
    ours.replace("pam_nightlatch.so", `${pamModule} socket=${machine.agent.dialogueSocket}`),
    "",
  ].join("\n");
}

/** root stands for the member of the group; everybody else has to have a code. */
async function wayBack(site: Site, machine: Machine, user: { name: string; wrong(): string }) {
  machine.service("manual", manualsStack(machine));
  const member = await machine.result("root", [], "manual");
  const others = [
    await machine.result(user.name, user.wrong(), "manual"),
    await machine.result("daemon", "000000", "manual"),
  ];
  void site;
  return { member, others, holds: member === "granted" && !others.includes("granted") };
}

export const wayBackIn = group({
  promise: 15,
  title: "admins are never locked out by accident",
  open: () => Site.build({ policy: spendingOnly }),
  close: (site) => site.leave(),
  attacks: [
    {
      name: "the agent stopped: the manual's break-glass stack",
      expected: "its group gets in, nobody else",
      quick: true,
      async run(site) {
        const user = await site.enrolled();
        await site.machine.agent.stop();
        const { member, others, holds } = await wayBack(site, site.machine, user);
        await site.machine.agent.start();
        return check(holds, `member ${member}, others ${others.join(", ")}`);
      },
    },
    {
      name: "the agent frozen: the manual's break-glass stack",
      expected: "its group gets in at once",
      async run(site) {
        const user = await site.enrolled();
        process.kill(site.machine.agent.pid, "SIGSTOP");
        const begun = performance.now();
        site.machine.service("manual", manualsStack(site.machine));
        const member = await site.machine.result("root", [], "manual");
        const tookMs = performance.now() - begun;
        process.kill(site.machine.agent.pid, "SIGCONT");
        await sleep(50);
        void user;
        return check(member === "granted" && tookMs < 1_000, `${member} in ${Math.round(tookMs)} ms`);
      },
    },
    {
      name: "the disk full: the manual's break-glass stack",
      expected: "its group gets in, nobody else",
      async run(site) {
        if (!mayMount) return notRun("no private mount namespace here");
        const machine = await site.anotherMachine();
        const user = await site.person();
        await machine.agent.stop();
        const kept = machine.copyState();
        await smallDisk(machine.agent.state, "2m");
        await run(["cp", "-a", `${kept}/.`, machine.agent.state]);
        fill(machine.agent.state);
        await machine.agent.start();
        const { member, others, holds } = await wayBack(site, machine, user);
        await machine.agent.stop();
        await unmount(machine.agent.state);
        return check(holds, `member ${member}, others ${others.join(", ")}`);
      },
    },
    {
      name: "the module file missing: the manual's break-glass stack",
      expected: "its group gets in, nobody else",
      async run(site) {
        const stack = manualsStack(site.machine).replace(pamModule, "/nowhere/pam_nightlatch.so");
        site.machine.service("missing", stack);
        const member = await site.machine.result("root", [], "missing");
        const other = await site.machine.result("daemon", "000000", "missing");
        return check(member === "granted" && other !== "granted", `member ${member}, other ${other}`);
      },
    },
    {
      name: "broken configurations: told before the start and by --check",
      expected: "exit 78 and a sentence that names the key or line, each",
      quick: true,
      async run(site) {
        const good = readFileSync(site.machine.agent.config, "utf8");
        const broken: Record<string, string> = {
          timeout_ms: good.replace("timeout_ms = 2000", "timeout_ms = 1"),
          ca_file: good.replace(/ca_file = .*/, 'ca_file = "relative"'),
          protector: good.replace('protector = "file"', 'protector = "none"'),
          levle: good.replace("level", "levle"),
          mode: good.replace("[machine]", '[machine]\nmode = "always"'),
          url: good.replace(/url = .*/, 'url = "https://user:pass@127.0.0.1"'),
          line: `${good}\n[machine`,
        };
        const seen: string[] = [];
        for (const [key, text] of Object.entries(broken)) {
          const path = join(newFolder(), "nightlatchd.toml");
          writeFileSync(path, text, { mode: 0o600 });
          const ran = await run([programs.agent, "--check", "--config", path]);
          seen.push(
            `${key} ${ran.status}${ran.err.trim().length > path.length + 20 && (key === "line" || ran.err.includes(key)) ? "" : " NOT NAMED"}`,
          );
        }
        return check(
          seen.every((word) => / 78$/.test(word)),
          seen.join(", "),
        );
      },
    },
    {
      name: "a user locked by somebody else's guessing: unlock at the server",
      expected: "locked, then granted online at once",
      async run(site) {
        await site.online();
        await site.admin("policy", "set", "lockout.failures=3");
        const user = await site.enrolled();
        for (let at = 0; at < 3; at++) await site.machine.result(user.name, user.wrong(at));
        const before = await site.machine.result(user.name, await user.next());
        await site.admin("user", "unlock", user.name);
        const after = await site.machine.result(user.name, await user.next());
        await site.admin("policy", "set", "lockout.failures=0");
        return check(before === "locked" && after === "granted", `${before}, then ${after}`);
      },
    },
    {
      name: "the machine's state destroyed: join again",
      expected: "granted online after a new token",
      async run(site) {
        const machine = await site.anotherMachine();
        const user = await site.person();
        await site.enrol(user, machine);
        await machine.agent.stop();
        writeFileSync(join(machine.agent.state, "state.db"), "gone");
        await machine.agent.start();
        const { token } = await site.json<{ token: string }>("join-token", "create");
        await machine.admin("POST", "/v1/join", { url: site.line.url, token });
        const seen = await machine.result(user.name, await user.next());
        await machine.agent.stop();
        return check(seen === "granted", seen);
      },
    },
    cannotRun(
      "upgrade and downgrade of the package",
      "belongs to the packages' own tests; there is one version only",
    ),
    cannotRun("`enable` that reverts by itself", "not there in this version: docs/threat-model.md says so"),
  ],
});

// Promise 8: the local socket serves the right caller.

import { chmodSync, chownSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Running, run } from "../../scripts/parts/program.ts";
import { nightlatchStack, pamModule } from "../../scripts/parts/relay.ts";
import { sayAs } from "../agent/as-user.ts";
import { cannotRun, check, group } from "./attack.ts";
import { asUser, short } from "./machine.ts";
import { Site, spendingOnly } from "./site.ts";
import { newFolder } from "./work-folder.ts";

/** Grants everything to everybody, under whichever account it is started. */
const fakeAgent = `
import os, socket, sys
path, uid = sys.argv[1], int(sys.argv[2])
os.setgroups([]); os.setgid(uid); os.setuid(uid)
listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
listener.bind(path); os.chmod(path, 0o666); listener.listen(8)
print("listening", flush=True)
listener.settimeout(20)
while True:
    relay, _ = listener.accept()
    relay.recv(4096)
    relay.sendall(b"END granted offline=yes method=totp\\n")
    relay.close()
`;

/** The module is pointed at a place that an attacker made; nothing but a refusal may come of it. */
async function squatted(
  site: Site,
  prepare: (folder: string) => { path: string; uid: number },
  agentUser?: string,
) {
  const folder = newFolder(0o755);
  const { path, uid } = prepare(folder);
  const fake = new Running(["python3", "-c", fakeAgent, path, String(uid)]);
  await fake.says(/listening/).catch(() => undefined);
  const options = agentUser === undefined ? "" : `agent_user=${agentUser}`;
  site.machine.service("squatted", nightlatchStack(path, options));
  const seen = await site.machine.result("root", "000000", "squatted");
  await fake.stop("SIGKILL");
  return check(
    seen === "unavailable",
    `${seen}${fake.said.includes("listening") ? "" : " (it could not even listen)"}`,
  );
}

const refusedAtTheDoor = /^END refused/;

export const localSocket = group({
  promise: 8,
  title: "the local socket serves the right caller",
  open: () => Site.build({ policy: spendingOnly }),
  close: (site) => site.leave(),
  attacks: [
    {
      name: "another account begins for root and for another user",
      expected: "refused before anything is asked",
      quick: true,
      async run(site) {
        const user = await site.enrolled();
        const socket = site.machine.agent.dialogueSocket;
        const begin = (name: string) => `BEGIN 1 kind=logon user=${name} service=login\n`;
        const seen = [
          await sayAs(1, socket, begin("root")),
          await sayAs(1, socket, begin(user.name)),
          await sayAs(1, socket, begin("DAEMON")),
        ];
        return check(
          seen.every((heard) => refusedAtTheDoor.test(heard)),
          seen.map((heard) => heard.trim().slice(0, 30)).join("; "),
        );
      },
    },
    {
      name: "an account without a name, and the overflow account",
      expected: "refused",
      async run(site) {
        const socket = site.machine.agent.dialogueSocket;
        const begin = "BEGIN 1 kind=logon user=nobody service=login\n";
        const seen = [await sayAs(54_321, socket, begin), await sayAs(65_534, socket, begin)];
        return check(
          seen.every((heard) => refusedAtTheDoor.test(heard)),
          seen.map((heard) => heard.trim().slice(0, 40)).join("; "),
        );
      },
    },
    {
      name: "another account runs the PAM module for another user, with a right code",
      expected: "unavailable; the code is not even spent",
      quick: true,
      async run(site) {
        const user = await site.enrolledThenOffline();
        const code = await user.next();
        const drive = join(pamModule, "../drive");
        const ran = await asUser(1, [
          drive,
          "--confdir",
          site.machine.confdir,
          "--service",
          "login",
          "--answer",
          code,
          user.name,
        ]);
        const seen = short(/PAM_\w+/.exec(ran.out)?.[0] ?? "none");
        const then = await site.machine.result(user.name, code);
        return check(seen === "unavailable" && then === "granted", `${seen}; then by root: ${then}`);
      },
    },
    {
      name: "the socket's folder belongs to an attacker, who listens there",
      expected: "not trusted: unavailable",
      quick: true,
      run: (site) =>
        squatted(site, (folder) => {
          mkdirSync(join(folder, "run"), { mode: 0o755 });
          chownSync(join(folder, "run"), 1, 1);
          return { path: join(folder, "run/dialogue.sock"), uid: 1 };
        }),
    },
    {
      name: "the socket's folder is writable by all, an attacker came first",
      expected: "not trusted: unavailable",
      run: (site) =>
        squatted(site, (folder) => {
          mkdirSync(join(folder, "run"));
          chmodSync(join(folder, "run"), 0o1777);
          return { path: join(folder, "run/dialogue.sock"), uid: 1 };
        }),
    },
    {
      name: "root's agent listens in a folder that all may write to",
      expected: "not trusted: unavailable",
      run: (site) =>
        squatted(site, (folder) => {
          mkdirSync(join(folder, "run"));
          chmodSync(join(folder, "run"), 0o777);
          return { path: join(folder, "run/dialogue.sock"), uid: 0 };
        }),
    },
    {
      name: "a symbolic link on the way to an attacker's folder",
      expected: "not trusted: unavailable",
      quick: true,
      run: (site) =>
        squatted(site, (folder) => {
          mkdirSync(join(folder, "evil"), { mode: 0o755 });
          chownSync(join(folder, "evil"), 1, 1);
          symlinkSync(join(folder, "evil"), join(folder, "run"));
          return { path: join(folder, "run/dialogue.sock"), uid: 1 };
        }),
    },
    {
      name: "a listener of another account behind a trusted path",
      expected: "not trusted: unavailable",
      async run(site) {
        const folder = newFolder(0o755);
        const evil = join(folder, "evil");
        mkdirSync(evil);
        chownSync(evil, 1, 1);
        const fake = new Running(["python3", "-c", fakeAgent, join(evil, "s"), "1"]);
        await fake.says(/listening/);
        mkdirSync(join(folder, "run"), { mode: 0o755 });
        // As if root had been talked into moving it there.
        await run(["mv", join(evil, "s"), join(folder, "run/dialogue.sock")]);
        chownSync(join(folder, "run/dialogue.sock"), 0, 0);
        site.machine.service("moved", nightlatchStack(join(folder, "run/dialogue.sock")));
        const seen = await site.machine.result("root", "000000", "moved");
        await fake.stop("SIGKILL");
        return check(seen === "unavailable", seen);
      },
    },
    {
      name: "a file, a folder, a pipe and nothing in the socket's place",
      expected: "unavailable",
      async run(site) {
        const folder = newFolder(0o755);
        const places = ["file", "folder", "pipe", "nothing"].map((name) => join(folder, name));
        writeFileSync(places[0] ?? "", "");
        mkdirSync(places[1] ?? "");
        await run(["mkfifo", places[2] ?? ""]);
        const seen: string[] = [];
        for (const path of places) {
          site.machine.service("odd", nightlatchStack(path));
          seen.push(await site.machine.result("root", "000000", "odd"));
        }
        return check(
          seen.every((word) => word === "unavailable"),
          seen.join(", "),
        );
      },
    },
    {
      name: "a second agent at the same socket; a link in the socket's place",
      expected: "refuses to start, the first serves on",
      async run(site) {
        const user = await site.enrolledThenOffline();
        const { agent } = site.machine;
        const toml = `state_dir = "${newFolder(0o700)}"\n[socket]\ndialogue = "${agent.dialogueSocket}"\nadmin = "${newFolder()}/a.sock"\n[machine]\nprotector = "file"\n`;
        const config = join(newFolder(), "second.toml");
        writeFileSync(config, toml, { mode: 0o600 });
        const { programs } = await import("./programs.ts");
        const second = await run([programs.agent, "--config", config], { withinMs: 5_000 });
        const seen = await site.machine.result(user.name, await user.next());
        return check(
          second.status === 1 && seen === "granted",
          `second: exit ${second.status}; sign-in ${seen}`,
        );
      },
    },
    {
      name: "a plain user speaks to the admin socket",
      expected: "refused for every address",
      quick: true,
      async run(site) {
        const { adminSocket } = site.machine.agent;
        const paths = [
          "/v1/status",
          "/v1/sync",
          "/v1/forget",
          "/v1/join",
          "/v1/explain?user=root&kind=logon",
        ];
        const seen: string[] = [];
        for (const path of paths) {
          const asked = `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}`;
          const heard = await sayAs(1, adminSocket, asked);
          seen.push(/HTTP\/1.1 (\d+)/.exec(heard)?.[1] ?? heard.slice(0, 20));
        }
        return check(
          seen.every((word) => word === "403" || word === "not permitted"),
          seen.join(", "),
        );
      },
    },
    {
      name: "another account kills, traces or reads the agent",
      expected: "not permitted",
      async run(site) {
        const { pid } = site.machine.agent;
        const killed = await asUser(1, ["sh", "-c", `kill -9 ${pid}; kill -USR1 ${pid}`]);
        const environ = await asUser(1, ["cat", `/proc/${pid}/environ`, `/proc/${pid}/mem`]);
        const holds = killed.status !== 0 && environ.out === "";
        return check(
          holds && process.kill(pid, 0),
          `kill: exit ${killed.status}; read ${environ.out.length} bytes`,
        );
      },
    },
    cannotRun(
      "pid reuse between connect and question",
      "nothing hangs on a pid: the kernel fixes the uid at connect",
    ),
  ],
});

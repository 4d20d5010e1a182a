// The server in its container, by Podman and runc: made, served, signed in at from outside, ended, and gone on with by a
// newer image.

import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Agent } from "../../scripts/parts/agent.ts";
import { FreshCodes } from "../../scripts/parts/codes.ts";
import { succeed } from "../../scripts/parts/program.ts";
import { nightlatchStack, signIn, writeService } from "../../scripts/parts/relay.ts";
import type { Provisioned } from "../../scripts/parts/server.ts";
import { account, Container, makeEtc, optionsOfTheHead, temporaryFolder, thePodman } from "./running.ts";

const podman = thePodman();
const volume = "nightlatch";
const outside = temporaryFolder(podman);
const confdir = join(outside, "pam.d");
let etc: string;
let options: readonly string[];
let container: Container;
let agent: Agent;
let codes: FreshCodes;
let port: string;

beforeAll(() => {
  chmodSync(outside, 0o755);
  etc = makeEtc(podman);
  options = optionsOfTheHead(volume, etc);
});

afterAll(async () => {
  await agent?.stop();
  await container?.remove();
});

test("without `init` no server is made, and it says what to do", async () => {
  const { status, err } = await podman.run(["run", "--rm", ...options, "nightlatch-server"]);
  expect([status, err]).toEqual([1, expect.stringMatching(/there is no server in .* init$/m)]);
});

test("`init` makes a server in the volume, and leaves one that is there as it is", async () => {
  const init = ["run", "--rm", ...options, "nightlatch-server", "init"];
  const said = await podman.succeed(init);
  expect(said).toContain("/var/lib/nightlatch-server, fingerprint ");
  const fingerprint = said.trim().split(" ").at(-1);
  expect(await podman.succeed(init)).toContain(fingerprint);
});

test("its health is answered over TLS", async () => {
  container = await Container.serving(podman, "first", options);
  port = await container.port();
  for (const path of ["/healthz", "/readyz"])
    expect(await container.status(path, join(etc, "chain.pem"))).toBe(200);
});

test("process 1 is nobody on the host, with no capability, no way to one, and a filter on its system calls", async () => {
  const status = readFileSync(`/proc/${await container.pid()}/status`, "utf8");
  for (const name of ["Uid", "Gid"])
    expect(status).toMatch(new RegExp(`^${name}:${`\\t${account}`.repeat(4)}$`, "m"));
  for (const name of ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"])
    expect(status).toMatch(new RegExp(`^${name}:\\t0+$`, "m"));
  expect(status).toMatch(/^NoNewPrivs:\t1$/m);
  expect(status).toMatch(/^Seccomp:\t2$/m);
  expect(await succeed(["getent", "passwd"])).not.toMatch(new RegExp(`^[^:]*:[^:]*:${account}:`, "m"));
});

test("nothing can be written but the volume and what Podman gives to every read-only container", async () => {
  const inside = `/proc/${await container.pid()}/root`;
  // By the same account, so that it may look in; the kernel answers for read-only mounts, too.
  const as = [`--reuid=${account}`, `--regid=${account}`, "--clear-groups"];
  const find = ["find", `${inside}/`, "-path", `${inside}/proc`, "-prune", "-o", "-writable", "-print"];
  const found = await succeed(["setpriv", ...as, ...find]);
  const writable = found.split("\n").flatMap((path) => (path === "" ? [] : path.slice(inside.length)));
  const ofTheVolume = writable.filter((path) => path.startsWith("/var/lib/nightlatch-server"));
  expect(ofTheVolume).toContain("/var/lib/nightlatch-server/server.key");
  const others = writable.filter((path) => !ofTheVolume.includes(path) && !path.startsWith("/dev/"));
  expect(others.filter((path) => !["/run", "/tmp", "/var/tmp"].includes(path))).toEqual([]);
  // What has another folder to be written to is refused, in words.
  const { status, err } = await container.run("backup", "/etc/backup");
  expect([status, err]).toEqual([1, expect.stringContaining("(EROFS)")]);
});

test("an admin is made by a command in the container, and the link is good outside", async () => {
  await container.cli("user", "add", "alice");
  const said = await container.cli("admin", "create", "alice");
  const [, path = ""] = /https:\/\/mfa\.corp\.example(\/set-up\?code=\S+)/.exec(said) ?? [];
  expect(await container.status(path, join(etc, "chain.pem"))).toBe(200);
});

test("a machine outside joins, and alice signs in there", async () => {
  await container.cli("policy", "set", "totpWindow.past=5", "totpWindow.future=5");
  const made = JSON.parse(
    await container.cli("authenticator", "add", "totp", "alice", "--json"),
  ) as Provisioned;
  codes = new FreshCodes({ ...made, periodSeconds: 30 }, 5);
  const folder = join(outside, "agent");
  mkdirSync(folder, { mode: 0o755 });
  agent = new Agent({ folder, url: `https://127.0.0.1:${port}`, caFile: join(etc, "chain.pem") });
  await agent.start();
  await agent.join((JSON.parse(await container.cli("join-token", "create", "--json")) as Token).token);
  writeService(confdir, "login", nightlatchStack(agent.dialogueSocket));
  expect((await signInOfAlice()).result).toBe("PAM_SUCCESS");
  expect(await container.cli("audit", "--user", "alice", "--kind", "sign-in-granted")).toContain("alice");
});

interface Token {
  readonly token: string;
}

const signInOfAlice = async () => signIn({ user: "alice", answers: [await codes.next()], confdir });

test("SIGTERM ends it in order: what it logged is JSON, and the last of it that it has ended", async () => {
  expect(await container.stop()).toBe(0);
  const log = container.said.split("\n").filter((line) => line.startsWith("{"));
  const messages = log.map((line) => (JSON.parse(line) as { msg: string }).msg);
  expect(messages.slice(-2)).toEqual(["ending", "ended"]);
  await container.remove();
});

test("a container of a newer image goes on with the volume, and alice signs in again", async () => {
  const newer = join(outside, "Containerfile");
  // Another image over the same program: the version of the store is the same.
  writeFileSync(newer, "FROM localhost/nightlatch-server\nLABEL newer=yes\n");
  await podman.succeed(["build", "--pull=never", "-f", newer, "-t", "newer", confdir]);
  expect(await podman.inspect(".ID", "newer")).not.toBe(await podman.inspect(".ID", "nightlatch-server"));
  container = await Container.serving(podman, "second", optionsOfTheHead(volume, etc, port), "newer");
  await agent.sync();
  expect((await signInOfAlice()).result).toBe("PAM_SUCCESS");
  expect((await agent.status()).enrolments.map(({ user }) => user)).toEqual(["alice"]);
});

test("a kill costs nothing that was committed", async () => {
  process.kill(await container.pid(), "SIGKILL");
  await container.remove();
  container = await Container.serving(podman, "third", optionsOfTheHead(volume, etc, port), "newer");
  await agent.sync();
  expect((await signInOfAlice()).result).toBe("PAM_SUCCESS");
});

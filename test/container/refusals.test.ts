// What an admin reads when the container can't serve: one clear error, and an exit status that tells an orchestrator whether
// starting it again can help.

import { chownSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeEtc, optionsOfTheHead, temporaryFolder, thePodman } from "./running.ts";

const podman = thePodman();

async function made(volume: string): Promise<string> {
  const etc = makeEtc(podman);
  await podman.succeed(["run", "--rm", ...optionsOfTheHead(volume, etc), "nightlatch-server", "init"]);
  return etc;
}

const served = (options: readonly string[]) => podman.run(["run", "--rm", ...options, "nightlatch-server"]);

test("a wrong key in server.toml is told with its place, and starting again does not help", async () => {
  const etc = await made("wrong");
  writeFileSync(join(etc, "server.toml"), '[listen]\naddres = "0.0.0.0:8443"\n');
  const { status, out, err } = await served(optionsOfTheHead("wrong", etc));
  expect([status, out]).toEqual([78, ""]);
  expect(err).toMatch(/\/etc\/nightlatch\/server\.toml:2/);
  expect(err).toContain("address");
});

test("so is a folder without a server.toml", async () => {
  const etc = await made("none");
  rmSync(join(etc, "server.toml"));
  const { status, err } = await served(optionsOfTheHead("none", etc));
  expect([status, err]).toEqual([78, expect.stringContaining("/etc/nightlatch/server.toml: ENOENT")]);
});

test("and a mistyped variable", async () => {
  const etc = await made("typed");
  const { status, err } = await served([...optionsOfTheHead("typed", etc), "--env=NIGHTLATCH_LISTN=x"]);
  expect([status, err]).toEqual([78, expect.stringContaining("NIGHTLATCH_LISTEN")]);
});

test("a private key that the account can't read is named", async () => {
  const etc = await made("unread");
  chownSync(join(etc, "key.pem"), 0, 0);
  const { status, err } = await served(optionsOfTheHead("unread", etc));
  expect(status).not.toBe(0);
  expect(err).toMatch(/\/etc\/nightlatch\/key\.pem.*EACCES/);
});

test("a folder of the host that belongs to somebody else is refused by its owner's number", async () => {
  const folder = join(temporaryFolder(podman), "data");
  mkdirSync(folder, { mode: 0o700 });
  writeFileSync(join(folder, "server.key"), "");
  for (const path of [folder, join(folder, "server.key")]) chownSync(path, 4_242, 4_242);
  const { status, err } = await served(optionsOfTheHead(folder, makeEtc(podman)));
  expect(status).toBe(1);
  expect(err).toContain("belongs to user id 4242");
});

test("a command that waits is cut short by SIGTERM, also as process 1", async () => {
  const etc = await made("waiting");
  const options = ["--interactive", "--name=waiting", ...optionsOfTheHead("waiting", etc)];
  const waiting = podman.start(["run", ...options, "nightlatch-server", "import", "users", "-"]);
  let ended = false;
  const end = waiting.end().then((status) => {
    ended = true;
    return status;
  });
  try {
    // Again and again: before the program runs there is nobody to hear it.
    for (let tries = 0; !ended && tries < 300; tries++) {
      await podman.run(["kill", "--signal=TERM", "waiting"]);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(ended).toBe(true);
    expect(await end).toBe(128 + 15);
  } finally {
    await podman.run(["rm", "--force", "--time=0", "waiting"]);
  }
});

// The image as Kubernetes and its relatives run one, by Podman and runc: under a number that has no name, in a volume that a
// group may write, with a certificate behind links, and configured by variables.

import { execFileSync } from "node:child_process";
import { chownSync, mkdirSync, renameSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Container, makeCertificate, temporaryFolder, thePodman } from "./running.ts";

const podman = thePodman();
const shutIn = [
  "--read-only",
  "--read-only-tmpfs=false",
  "--cap-drop=all",
  "--security-opt=no-new-privileges",
];

const [account, group] = [1_000_650_000, 1_000_660_000];
const folder = temporaryFolder(podman);
const volume = join(folder, "volume");
const secret = join(folder, "secret");
let container: Container | undefined;
let options: readonly string[];

/** A pair of files behind links, which are changed at once by one rename. */
function putCertificate(name: string): void {
  const folderOfPair = join(secret, name);
  mkdirSync(folderOfPair);
  makeCertificate({
    chain: join(folderOfPair, "tls.crt"),
    key: join(folderOfPair, "tls.key"),
    owner: account,
  });
  symlinkSync(name, join(secret, "..data_tmp"));
  renameSync(join(secret, "..data_tmp"), join(secret, "..data"));
}

beforeAll(() => {
  mkdirSync(secret);
  putCertificate("..1");
  for (const name of ["tls.crt", "tls.key"]) symlinkSync(`..data/${name}`, join(secret, name));
  // As a volume is given to a group: root's, set-group-ID, and the group may write.
  mkdirSync(volume);
  chownSync(volume, 0, group);
  execFileSync("chmod", ["2775", volume]);
  options = [
    ...shutIn,
    `--user=${account}:0`,
    `--group-add=${group}`,
    `--volume=${volume}:/var/lib/nightlatch-server`,
    `--volume=${secret}:/etc/nightlatch/tls:ro`,
    "--env=NIGHTLATCH_DATA=/var/lib/nightlatch-server/data",
    "--env=NIGHTLATCH_METRICS=0.0.0.0:9464",
    "--publish=127.0.0.1::8443",
  ];
});
afterAll(() => container?.remove());

test("the volume itself is refused as a folder for keys, because others may write it", async () => {
  const here = options.filter((option) => !option.includes("NIGHTLATCH_DATA"));
  const { status, err } = await podman.run(["run", "--rm", ...here, "nightlatch-server", "init"]);
  expect([status, err]).toEqual([
    1,
    expect.stringContaining("/var/lib/nightlatch-server belongs to user id 0"),
  ]);
});

test("in a folder below it a server is made, closed to the group, and serves with a certificate alone mounted", async () => {
  await podman.succeed(["run", "--rm", ...options, "nightlatch-server", "init"]);
  const { uid, mode } = statSync(join(volume, "data"));
  expect([uid, mode & 0o777]).toEqual([account, 0o700]);
  container = await Container.serving(podman, "numbered", options);
  expect(await container.status("/readyz", join(secret, "tls.crt"))).toBe(200);
  await container.cli("user", "add", "alice");
  expect(await container.cli("audit", "--kind", "user-added")).toContain(`command line: ${account}`);
});

test("100,000 users are imported without another folder to write to", async () => {
  const csv = ["name,email", ...Array.from({ length: 100_000 }, (_, n) => `u${n},u${n}@corp.example`), ""];
  const into = ["exec", "--interactive", "numbered", "nightlatch-server", "import", "users", "-"];
  expect(await podman.succeed(into, { input: csv.join("\n"), withinMs: 110_000 })).toContain("100000");
});

test("a certificate that takes the old one's place by a change of links is served without a restart", async () => {
  putCertificate("..2");
  await container?.logged(/"msg":"certificate replaced"/);
  expect(await container?.status("/healthz", join(secret, "tls.crt"))).toBe(200);
});

test("and it ends in order", async () => {
  expect(await container?.stop()).toBe(0);
});

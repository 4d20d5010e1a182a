// Before the tests: the image, built from packaging/container/Containerfile as it stands. No registry is asked: what it
// begins with is a Debian of the same release under the same name, from Debian's archive.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getCACertificates } from "node:tls";
import { fetchDebian } from "../../scripts/parts/debian.ts";
import { root, run, succeed } from "../../scripts/parts/program.ts";
import { Podman } from "./podman.ts";

export const podmanVariable = "NIGHTLATCH_TEST_PODMAN";

const debian = join(root, "build/container/base");

export default async function setup(): Promise<() => Promise<void>> {
  const folder = mkdtempSync(join(tmpdir(), "nightlatch-container-"));
  const podman = await Podman.empty(folder);
  process.env[podmanVariable] = folder;
  const leave = async () => {
    await podman.end();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await fetchDebian({ folder: debian, release: "trixie", packages: [] });
    const archive = join(folder, "debian.tar");
    await succeed(["tar", "-C", debian, "-cf", archive, "."], { withinMs: 120_000 });
    await podman.succeed(["import", archive, "docker.io/library/debian:13-slim"], { withinMs: 120_000 });
    rmSync(archive);
    const build = ["build", "--pull=never", ...(await npmOfThisMachine(folder))];
    const what = ["-f", "packaging/container/Containerfile", "-t", "nightlatch-server", "."];
    await podman.succeed([...build, ...what], { withinMs: 900_000 });
  } catch (error) {
    await leave();
    throw error;
  }
  return leave;
}

/** Where npm looks here, and whom this machine trusts, holds while the image is built and stays out of it. */
async function npmOfThisMachine(folder: string): Promise<readonly string[]> {
  const setting = async (name: string) => (await run(["npm", "config", "get", name])).out.trim();
  const trusted = await setting("cafile");
  const authorities = trusted === "null" ? getCACertificates("default").join("\n") : readFileSync(trusted);
  writeFileSync(join(folder, "authorities.pem"), authorities);
  writeFileSync(
    join(folder, "npmrc"),
    `registry=${await setting("registry")}\ncafile=/run/authorities.pem\n`,
  );
  return [
    `--volume=${join(folder, "authorities.pem")}:/run/authorities.pem:ro`,
    `--volume=${join(folder, "npmrc")}:/root/.npmrc:ro`,
  ];
}

// A disk that is really full, to the last byte, and one that is really read-only: a small tmpfs in a mount namespace of
// its own holds the state.

import { closeSync, mkdirSync, openSync, rmSync, truncateSync, writeSync } from "node:fs";
import { join } from "node:path";
import { Running, run } from "../../scripts/parts/program.ts";
import type { Result } from "./findings.ts";
import { Findings, type Operation } from "./operation.ts";
import { Site } from "./site.ts";
import type { Template } from "./template.ts";

const page = 4_096;

export class SmallDisk {
  readonly site: Site;
  readonly #holder: Running;
  readonly #mount: string;

  private constructor(site: Site, holder: Running, mount: string) {
    this.site = site;
    this.#holder = holder;
    this.#mount = mount;
  }

  static async make(template: Template, name: string): Promise<SmallDisk> {
    const mount = join(template.folder, name, "disk");
    mkdirSync(mount, { recursive: true });
    const script = 'mount -t tmpfs -o size=512k,mode=700 crash-test "$1" && echo mounted && cat >/dev/null';
    const holder = new Running([
      "unshare",
      "--mount",
      "--propagation",
      "private",
      "sh",
      "-c",
      script,
      "sh",
      mount,
    ]);
    await holder.says(/mounted/);
    const site = new Site(template, name, join(mount, "state"));
    site.machine.throughRoot = `/proc/${holder.pid}/root`;
    site.machine.inside = ["nsenter", `--mount=/proc/${holder.pid}/ns/mnt`, "--"];
    return new SmallDisk(site, holder, mount);
  }

  /** As it is seen from outside of the namespace. */
  #path(name: string): string {
    return join(this.site.machine.throughRoot + this.#mount, name);
  }

  async restore(): Promise<void> {
    await this.site.machine.kill();
    await this.remount("rw");
    this.free();
    this.site.machine.restore(this.site.template.joined);
  }

  /** Until nothing more goes in, but for so many pages. */
  fill(pagesLeft: number): void {
    const file = openSync(this.#path("filler"), "w");
    let size = 0;
    try {
      for (;;) size += writeSync(file, Buffer.alloc(page));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
    } finally {
      closeSync(file);
    }
    if (pagesLeft > 0) truncateSync(this.#path("filler"), size - pagesLeft * page);
  }

  free(): void {
    rmSync(this.#path("filler"), { force: true });
  }

  async remount(how: "ro" | "rw"): Promise<void> {
    const command = [...this.site.machine.inside, "mount", "-o", `remount,${how}`, this.#mount];
    const { status, err } = await run(command);
    if (status !== 0) throw new Error(`remount ${how}: ${err}`);
  }

  async leave(): Promise<void> {
    await this.site.leave();
    this.#holder.closeInput();
    await this.#holder.end();
  }
}

/** The operation on a disk with so many free pages, and again when there is room. */
export async function onFullDisk(
  disk: SmallDisk,
  operation: Operation,
  pagesLeft: number,
  result: Result,
): Promise<void> {
  const { site } = disk;
  await disk.restore();
  await site.ready(operation);
  const heard = await operation.perform(site, () => disk.fill(pagesLeft));
  const findings = new Findings();
  if (pagesLeft === 0 && heard !== "unavailable")
    findings.add("false success", `${heard || "no answer"} on a full disk`);
  disk.free();
  await operation.check(site, heard, findings);
  note(result, findings, `${pagesLeft} pages left, heard: ${heard || "nothing"}`);
}

/** The agent starts on a read-only disk, the operation is tried, the disk can be written again. */
export async function onReadOnlyDisk(disk: SmallDisk, operation: Operation, result: Result): Promise<void> {
  const { site } = disk;
  const { machine } = site;
  await disk.restore();
  await site.ready(operation);
  await machine.kill();
  await disk.remount("ro");
  await machine.start();
  const heard = await operation.perform(site, () => undefined);
  const findings = new Findings();
  // A state that can't be opened asks, in case the server comes back while the person types.
  if (heard !== "unavailable" && heard !== "asked")
    findings.add("false success", `${heard || "no answer"} on a read-only disk`);
  await disk.remount("rw");
  await operation.check(site, heard, findings);
  note(result, findings, `heard: ${heard || "nothing"}`);
}

function note(result: Result, findings: Findings, point: string): void {
  result.points += 1;
  for (const finding of findings.all) result.findings.push({ point, finding });
}

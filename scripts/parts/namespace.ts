// A mount namespace for real sign-in programs: what is done to /etc in there is not done to the host's.

import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Running, root } from "./program.ts";

export class Namespace {
  /** Seen at the same path inside and outside. */
  readonly folder: string;
  readonly #holder: Running;

  private constructor(folder: string, holder: Running) {
    this.folder = folder;
    this.#holder = holder;
  }

  static async enter(): Promise<Namespace> {
    const folder = mkdtempSync(join(tmpdir(), "nightlatch-"));
    chmodSync(folder, 0o755);
    const script = join(root, "scripts/parts/private-namespace");
    const holder = new Running(["unshare", "--mount", "--propagation", "private", script, folder]);
    try {
      await holder.says(/^ready$/m);
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      throw new Error("no private mount namespace: this takes root and CAP_SYS_ADMIN", { cause: error });
    }
    return new Namespace(folder, holder);
  }

  /** The command as it has to be run from outside to happen inside. */
  inside(command: readonly string[]): readonly string[] {
    return ["nsenter", `--mount=/proc/${this.#holder.pid}/ns/mnt`, "--", ...command];
  }

  /** What programs inside have told syslog. */
  get syslog(): string {
    return readFileSync(join(this.folder, "syslog"), "utf8");
  }

  async leave(): Promise<void> {
    this.#holder.closeInput();
    await this.#holder.end();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
